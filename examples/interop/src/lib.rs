//! Starting the example programs for tests, whatever protocol they speak.
