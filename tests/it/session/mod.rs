//! Sessions: refresh tokens, several devices, and who may see and end what.

mod access;
mod device;
mod reading;
mod refresh;
mod tabs;
