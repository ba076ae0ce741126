//! Placeholder while the story is written.
