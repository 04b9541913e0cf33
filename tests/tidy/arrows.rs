//! The arrows between the crates, as ARCHITECTURE.md draws them. The service can't even link code that opens a session.

use serde_json::Value;

/// Folder of a crate and the crates of ours that it stands on. `tests` alone may join the programs.
const ARROWS: [(&str, &[&str]); 10] = [
    ("agent", &["api", "screen", "trust", "wire"]),
    ("cli", &["api", "screen", "trust", "wire"]),
    ("server", &["api", "trust"]),
    ("wire", &["trust"]),
    ("api", &["trust"]),
    ("screen", &[]),
    ("trust", &[]),
    ("sim", &["trust", "wire"]),
    ("xtask", &[]),
    (
        "tests",
        &["agent", "api", "cli", "screen", "server", "trust", "wire"],
    ),
];

/// Crates that bring clocks, sockets, files or the randomness of the system.
const IMPURE: [&str; 16] = [
    "async-std",
    "chrono",
    "fastrand",
    "getrandom",
    "hyper",
    "libc",
    "mio",
    "nix",
    "rand",
    "reqwest",
    "rustix",
    "smol",
    "socket2",
    "time",
    "tokio",
    "tracing-subscriber",
];

/// What differs from the drawing, one sentence each. `metadata` is the output of `cargo metadata --no-deps`.
pub fn violations(metadata: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let packages = metadata["packages"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    for package in packages {
        let name = folder_of(package["manifest_path"].as_str().unwrap_or_default());
        let Some((_, drawn)) = ARROWS.iter().find(|(folder, _)| *folder == name) else {
            found.push(format!(
                "crate {name}: not drawn; draw it in ARCHITECTURE.md and in tests/tidy/arrows.rs"
            ));
            continue;
        };
        found.extend(wrong_arrows(name, package, drawn));
        if ["trust", "wire", "api"].contains(&name) {
            found.extend(impure_dependencies(name, package));
        }
    }
    for (name, _) in ARROWS {
        let is_there = |package: &Value| {
            folder_of(package["manifest_path"].as_str().unwrap_or_default()) == name
        };
        if !packages.iter().any(is_there) {
            found.push(format!("crate {name}: drawn, but not in the workspace"));
        }
    }
    found
}

fn wrong_arrows(name: &str, package: &Value, drawn: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    let mut stands_on = Vec::new();
    for dependency in dependencies(package) {
        let Some(path) = dependency["path"].as_str() else {
            continue;
        };
        let other = path.rsplit('/').next().unwrap_or_default();
        if dependency["kind"].is_null() {
            stands_on.push(other);
        }
        if !drawn.contains(&other) {
            found.push(format!(
                "{name} -> {other}: this arrow is not drawn in ARCHITECTURE.md"
            ));
        }
    }
    for missing in drawn.iter().filter(|other| !stands_on.contains(other)) {
        found.push(format!(
            "{name} -> {missing}: drawn in ARCHITECTURE.md, but not a dependency"
        ));
    }
    found
}

fn impure_dependencies(name: &str, package: &Value) -> Vec<String> {
    dependencies(package)
        .filter(|dependency| dependency["kind"].is_null())
        .filter_map(|dependency| dependency["name"].as_str())
        .filter(|dependency| IMPURE.contains(dependency))
        .map(|dependency| {
            format!("{name} depends on {dependency}: {name} is pure, see its clippy.toml")
        })
        .collect()
}

fn dependencies(package: &Value) -> impl Iterator<Item = &Value> {
    package["dependencies"].as_array().into_iter().flatten()
}

/// `crates/trust/Cargo.toml` is `trust`.
fn folder_of(manifest_path: &str) -> &str {
    manifest_path.rsplit('/').nth(1).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn drawing() -> Value {
        let packages: Vec<Value> = ARROWS
            .iter()
            .map(|(name, arrows)| {
                let dependencies: Vec<Value> = arrows
                    .iter()
                    .map(|other| json!({"name": other, "kind": null, "path": format!("/w/crates/{other}")}))
                    .collect();
                json!({"manifest_path": format!("/w/crates/{name}/Cargo.toml"), "dependencies": dependencies})
            })
            .collect();
        json!({ "packages": packages })
    }

    fn with_dependency(on: &str, dependency: Value) -> Vec<String> {
        let mut metadata = drawing();
        for package in metadata["packages"].as_array_mut().unwrap() {
            if folder_of(package["manifest_path"].as_str().unwrap()) == on {
                package["dependencies"]
                    .as_array_mut()
                    .unwrap()
                    .push(dependency.clone());
            }
        }
        violations(&metadata)
    }

    #[test]
    fn the_drawing_itself_is_accepted() {
        assert_eq!(violations(&drawing()), Vec::<String>::new());
    }

    #[test]
    fn an_arrow_from_the_server_to_the_channel_is_refused() {
        for kind in [Value::Null, json!("dev"), json!("build")] {
            let found = with_dependency(
                "server",
                json!({"name": "wayleave-wire", "kind": kind, "path": "/w/crates/wire"}),
            );
            assert_eq!(
                found,
                ["server -> wire: this arrow is not drawn in ARCHITECTURE.md"]
            );
        }
    }

    #[test]
    fn a_clock_in_the_trust_core_is_refused() {
        let found = with_dependency(
            "trust",
            json!({"name": "tokio", "kind": null, "path": null}),
        );
        assert_eq!(
            found,
            ["trust depends on tokio: trust is pure, see its clippy.toml"]
        );
        let in_a_program = with_dependency(
            "agent",
            json!({"name": "tokio", "kind": null, "path": null}),
        );
        assert_eq!(in_a_program, Vec::<String>::new());
    }

    #[test]
    fn a_crate_that_is_not_drawn_or_missing_is_named() {
        let mut metadata = drawing();
        metadata["packages"][0]["manifest_path"] = json!("/w/crates/common/Cargo.toml");
        let found = violations(&metadata);
        assert!(found[0].starts_with("crate common: not drawn"));
        assert_eq!(found[1], "crate agent: drawn, but not in the workspace");
    }
}
