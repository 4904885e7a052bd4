//! The house keeps its own rules: who may depend on whom, which rooms every crate has, what no file may contain.
//!
//! These are tests so that a rule is either true or changed here in the open.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Rooms that are still to be built; a crate that is whole has no line here.
const UNFINISHED: &[(&str, &[&str])] = &[];

/// Crates that speak a protocol, with the rooms in which each differs from the others, and why.
const PROTOCOLS: &[(&str, &[&str])] = &[
    ("http1", &[]),
    ("smtp", &[]),
    ("pop3", &[]),
    ("imap", &[]),
    ("ftp", &[]),
    ("dns", &[]),
    ("bittorrent-wire", &[]),
    // A message has no peer: neither client nor server.
    ("mime", &["src/client.rs", "src/server.rs", "tests/pair.rs"]),
];

const ROOMS: &[&str] = &[
    "README.md",
    "src/lib.rs",
    "src/error.rs",
    "src/limits.rs",
    "src/client.rs",
    "src/server.rs",
    "tests/vectors.rs",
    "tests/split.rs",
    "tests/roundtrip.rs",
    "tests/pair.rs",
    "tests/hostile.rs",
];

/// The dependency law: what each crate may depend on, among ours. `optional:` edges only as features.
const LAW: &[(&str, &[&str])] = &[
    ("proto-core", &[]),
    ("sasl", &["proto-core"]),
    ("smtp", &["proto-core", "sasl"]),
    ("pop3", &["proto-core", "sasl"]),
    ("imap", &["proto-core", "sasl", "optional:mime"]),
    ("http1", &["proto-core", "optional:mime"]),
    ("ftp", &["proto-core"]),
    ("mime", &["proto-core"]),
    ("dns", &["proto-core"]),
    ("bittorrent-wire", &["proto-core"]),
    ("net-core", &["proto-core"]),
    ("net-sim", &["proto-core"]),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn crates() -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(root().join("crates"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every Rust file below `folder`, with its path from the root.
fn sources(folder: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for path in entries.map(|entry| entry.unwrap().path()) {
            if path.is_dir() && !path.ends_with("target") {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let name = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
                found.push((name, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

fn all_sources() -> Vec<(String, String)> {
    ["crates", "examples", "benches", "fuzz"].iter().flat_map(|folder| sources(folder)).collect()
}

/// The names in a manifest's `[dependencies]`, those behind a feature marked `optional:`.
fn dependencies(manifest: &str) -> BTreeSet<String> {
    let table = manifest.split("\n[").find(|table| table.starts_with("dependencies]")).unwrap_or_default();
    let lines = table.lines().skip(1).filter(|line| !line.trim_start().starts_with('#'));
    lines
        .filter_map(|line| {
            let name = line.split([' ', '.', '=']).next().filter(|name| !name.is_empty())?;
            let optional = line.contains("optional = true");
            Some(if optional { format!("optional:{name}") } else { name.to_owned() })
        })
        .collect()
}

#[test]
fn crates_depend_on_each_other_only_as_the_law_says() {
    for name in crates() {
        let (_, allowed) =
            LAW.iter().find(|(known, _)| *known == name).unwrap_or_else(|| panic!("no law for {name}"));
        for dependency in dependencies(&read(format!("crates/{name}/Cargo.toml"))) {
            let bare = dependency.trim_start_matches("optional:");
            let ours = LAW.iter().any(|(known, _)| *known == bare);
            let fine = allowed.contains(&dependency.as_str()) || allowed.contains(&bare);
            assert!(!ours || fine, "{name} must not depend on {dependency}");
        }
    }
}

#[test]
fn every_protocol_crate_has_the_same_rooms() {
    for (name, without) in PROTOCOLS {
        let folder = root().join("crates").join(name);
        if !folder.is_dir() {
            continue; // not built yet
        }
        let unfinished =
            UNFINISHED.iter().find(|(crate_name, _)| crate_name == name).map_or(&[][..], |(_, rooms)| rooms);
        for room in ROOMS.iter().filter(|room| !without.contains(room) && !unfinished.contains(room)) {
            assert!(folder.join(room).is_file(), "crates/{name} has no {room}");
        }
        for room in *without {
            assert!(!folder.join(room).exists(), "crates/{name} should not have {room}");
        }
    }
}

#[test]
fn protocol_crates_touch_no_socket_clock_thread_file_or_randomness() {
    let forbidden = [
        "std::net",
        "std::fs",
        "std::thread",
        "std::time::Instant",
        "SystemTime",
        "std::env",
        "std::process",
    ];
    for (name, _) in LAW.iter().filter(|(name, _)| *name != "net-core") {
        for (path, text) in sources(&format!("crates/{name}/src")) {
            for (number, line) in text.lines().enumerate() {
                let code = line.split("//").next().unwrap_or_default();
                for word in forbidden {
                    assert!(!code.contains(word), "{path}:{}: {word}", number + 1);
                }
            }
        }
    }
}

#[test]
fn protocol_crates_build_without_std() {
    for (name, _) in LAW.iter().filter(|(name, _)| !name.starts_with("net-")) {
        if root().join("crates").join(name).is_dir() {
            let text = read(format!("crates/{name}/src/lib.rs"));
            let mark = "#![cfg_attr(not(feature = \"std\"), no_std)]";
            assert!(text.contains(mark) || text.contains("#![no_std]"), "crates/{name} is not no_std");
        }
    }
}

#[test]
fn readmes_are_compiled() {
    for name in crates() {
        let library = read(format!("crates/{name}/src/lib.rs"));
        assert!(
            library.contains("include_str!(\"../README.md\")"),
            "crates/{name}: README.md is not a doctest"
        );
    }
    assert!(read("examples/src/lib.rs").contains("include_str!(\"../../README.md\")"));
}

#[test]
fn every_file_opens_with_its_story() {
    for (path, text) in all_sources() {
        let first = text.lines().find(|line| !line.trim().is_empty() && !line.starts_with("#!["));
        assert!(first.is_some_and(|line| line.starts_with("//!")), "{path} does not say what it is for");
    }
}

#[test]
fn lints_are_expected_with_a_reason_and_never_allowed() {
    let allow = ["#[", "allow("].concat();
    let allow_all = ["#![", "allow("].concat();
    for (path, text) in all_sources() {
        assert!(!text.contains(&allow) && !text.contains(&allow_all), "{path} has a bare allow");
    }
}

#[test]
fn no_library_file_is_longer_than_800_lines_without_its_tests() {
    for (path, text) in sources("crates").into_iter().filter(|(path, _)| path.contains("/src/")) {
        let lines = text.lines().take_while(|line| !line.starts_with("#[cfg(test)]")).count();
        assert!(lines <= 800, "{path} has {lines} lines");
    }
}

#[test]
fn a_module_stands_beside_its_folder_under_its_own_name() {
    for (path, _) in sources("crates").into_iter().filter(|(path, _)| path.contains("/src/")) {
        assert!(!path.ends_with("/mod.rs"), "{path}: its name is that of its folder");
    }
}

#[test]
fn names_are_plain() {
    let drawers = ["util", "utils", "common", "helper", "helpers", "manager", "misc"];
    let prefix = ["fn ", "get_"].concat();
    for (path, text) in sources("crates") {
        let stem = Path::new(&path).file_stem().unwrap().to_str().unwrap();
        assert!(!drawers.contains(&stem), "{path} is a drawer");
        assert!(!text.contains(&prefix), "{path} has a name with get_");
    }
}

#[test]
fn each_fuzz_target_is_named_after_its_crate_and_listed() {
    let manifest = read("fuzz/Cargo.toml");
    let prefixes = [
        "proto_",
        "net_",
        "http1_",
        "dns_",
        "mime_",
        "smtp_",
        "pop3_",
        "imap_",
        "ftp_",
        "sasl_",
        "bittorrent_",
    ];
    for (path, _) in sources("fuzz/fuzz_targets") {
        let stem = Path::new(&path).file_stem().unwrap().to_str().unwrap().to_owned();
        assert!(prefixes.iter().any(|prefix| stem.starts_with(prefix)), "{path}");
        assert!(manifest.contains(&format!("name = \"{stem}\"")), "{path} is not in fuzz/Cargo.toml");
    }
}
