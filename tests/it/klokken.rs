//! The norm clocks: measured, kept, warned of.

mod herbouw;
mod herstart;
mod invoer;
mod kind;
mod meting;
mod scenarios;
mod vast;
mod waarschuwingen;
