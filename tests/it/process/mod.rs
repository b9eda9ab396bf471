//! The program itself: its command line, its settings, its end.

mod command;
mod curl;
mod end;
mod readme;
mod settings;
