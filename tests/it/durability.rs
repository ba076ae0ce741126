//! The real programme, killed and stopped at every bad moment: what was answered with a receipt is there, once, for ever.

mod hervat;
mod kill;
mod stop;
