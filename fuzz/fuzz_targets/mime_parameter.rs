//! Any bytes are parameters, a type, a disposition; what was read is written so that it reads the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use mime::{Disposition, Limits, MediaType, Parameters};

fuzz_target!(|input: (u8, &[u8])| {
    let (column, value) = (usize::from(input.0), input.1);
    let mut defects = Vec::new();
    let read = Parameters::parse_with(value, &Limits::DEFAULT, &mut defects);
    assert!(defects.iter().all(|defect| defect.offset <= value.len() as u64));
    // Only what can be written is, with names that need no explanation.
    let mut parameters = Parameters::new();
    for parameter in &read {
        let _ = parameters.set(parameter.name.clone(), parameter.value.clone());
    }
    let mut out = Vec::new();
    parameters.write(&mut out, column);
    let mut defects = Vec::new();
    let again = Parameters::parse_with(&out, &Limits::DEFAULT, &mut defects);
    assert_eq!((&again, &defects), (&parameters, &vec![]), "{}", out.escape_ascii());
    let _ = (MediaType::parse(value), Disposition::parse(value));
});
