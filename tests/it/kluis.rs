//! Keys at rest: nothing opens without them, they are changed while the hub works, and what was kept long enough is destroyed with them.

mod herverpakken;
mod personen;
mod sleutels;
mod vernietigen;
