//! Tells cargo which files outside this crate are compiled into it: the built page and the migrations.

fn main() {
    // A directory that is missing would make cargo run this, and compile the crate, every time.
    let page = "../web-demo/dist";
    if let Err(error) = std::fs::create_dir_all(page) {
        println!(
            "cargo::warning={page} is missing and cannot be made ({error}); the server is built without a page"
        );
    }
    println!("cargo::rerun-if-changed={page}");
    println!("cargo::rerun-if-changed=../migrations");
    println!("cargo::rerun-if-changed=build.rs");
}
