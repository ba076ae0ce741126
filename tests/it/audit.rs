//! The sealed audit log: what it notices, what it proves, and who may ask.

mod bewijs;
mod knoeien;
