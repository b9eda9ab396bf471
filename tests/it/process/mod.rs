//! The program itself: its command line, its settings, its end.

mod command;
mod curl;
mod kill;
mod readme;
mod settings;
