//! net-core
