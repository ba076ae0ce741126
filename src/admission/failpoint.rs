//! Named places at which a test can halt the hub, to kill it there. Only in debug builds; a release build holds none of it.

/// Halts for ever at this place when the environment variable `KETENHUB_HALT_AT` names it, after saying so on standard error.
#[cfg(debug_assertions)]
pub async fn here(name: &str) {
    if std::env::var("KETENHUB_HALT_AT").is_ok_and(|wanted| wanted == name) {
        eprintln!("halted at {name}");
        std::future::pending::<()>().await;
    }
}

/// Nothing in a release build.
#[cfg(not(debug_assertions))]
pub async fn here(_name: &str) {}
