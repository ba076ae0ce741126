//! `replay`: what the scenarios play is judged here a second time, straight from the stored dossiers and without the hub's report.

mod hub;
mod landelijk;
mod rapport;
mod telling;
mod verandering;
