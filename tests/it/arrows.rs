//! Which crate may know which: `web -> gateway -> domain`, `worker -> {domain, mail, documents}`, and nothing of the
//! outside world in `domain`.

use std::process::Command;

/// Everything that `package` is built from, itself left out.
fn dependencies(package: &str) -> Vec<String> {
    let tree = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--package",
            package,
            "--edges",
            "normal",
            "--prefix",
            "none",
            "--format",
            "{p}",
            "--offline",
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let text = String::from_utf8(tree.stdout).unwrap();
    text.lines().skip(1).filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}

#[test]
fn no_crate_knows_what_it_must_not() {
    let ours = ["domain", "documents", "ensemble", "gateway", "mail", "web", "worker"];
    let outside = ["async-graphql", "axum", "askama", "lettre", "apalis", "typst", "redis", "clap", "mrml"];
    for (package, known, foreign) in [
        ("domain", &[][..], &outside[..]),
        ("gateway", &["domain"][..], &["askama", "lettre", "apalis", "typst", "clap"][..]),
        ("web", &["domain", "gateway"][..], &["lettre", "apalis", "typst", "clap"][..]),
        ("worker", &["documents", "domain", "mail"][..], &["axum", "async-graphql", "clap"][..]),
        ("mail", &[][..], &["sqlx", "axum", "async-graphql", "apalis", "typst"][..]),
        ("documents", &[][..], &["sqlx", "axum", "async-graphql", "apalis", "lettre"][..]),
    ] {
        let found = dependencies(package);
        assert!(found.len() > 10, "{package}: {found:?}");
        for ours in ours {
            let is_known = found.iter().any(|name| name == ours);
            assert_eq!(is_known, known.contains(&ours), "{package} and {ours}");
        }
        for foreign in foreign {
            assert!(!found.iter().any(|name| name == foreign), "{package} is built from {foreign}");
        }
    }
}
