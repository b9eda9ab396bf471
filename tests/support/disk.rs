//! A disk of a few megabytes that a test can fill.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

/// Its size: room for a database of many rounds, and quickly filled.
const SIZE: &str = "size=64m";

/// A file system in memory, which is unmounted with the value, or with the process.
#[derive(Debug)]
pub struct SmallDisk {
    dir: TempDir,
    /// Its standard input is a pipe that only this process holds; at its end the shell unmounts.
    watchdog: Child,
}

impl SmallDisk {
    /// Mounts one; `None` where this process may not.
    ///
    /// # Panics
    ///
    /// When there is no temporary folder or no shell.
    #[must_use]
    pub fn mount() -> Option<Self> {
        const SCRIPT: &str = r#"cat >/dev/null; umount --lazy "$1"; rmdir "$1""#;
        let dir = tempfile::Builder::new()
            .prefix("postfun-disk-")
            .tempdir()
            .expect("a temporary folder can be made");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", SIZE, "postfun-test"]).arg(dir.path()).stderr(Stdio::null());
        if !mount.status().is_ok_and(|status| status.success()) {
            return None;
        }
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", SCRIPT, "watchdog"]).arg(dir.path()).process_group(0);
        shell.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let watchdog = shell.spawn().expect("a shell can be started");
        Some(Self { dir, watchdog })
    }

    /// Returns where it is mounted.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Fills it with a file of its own, but for some bytes.
    ///
    /// # Panics
    ///
    /// When it fails otherwise than for want of room.
    pub fn fill_but(&self, bytes: u64) {
        let mut file = OpenOptions::new()
            .append(true)
            .create(true)
            .open(self.ballast())
            .expect("a full disk still has its files");
        let piece = [0; 4096];
        loop {
            match file.write(&piece) {
                Ok(_written) => {}
                Err(error) if error.kind() == ErrorKind::StorageFull => break,
                Err(error) => panic!("the disk cannot be filled: {error}"),
            }
        }
        let size = file.metadata().expect("an open file has a size").len();
        file.set_len(size.saturating_sub(bytes)).expect("a file can be cut");
    }

    /// Makes room again.
    ///
    /// # Panics
    ///
    /// When the file cannot be cut.
    pub fn make_room(&self) {
        File::create(self.ballast()).expect("a full disk still lets a file be cut");
    }

    fn ballast(&self) -> PathBuf {
        self.path().join("ballast")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Frees the memory even while somebody still has the database open.
        let _ = fs::remove_file(self.ballast());
        drop(self.watchdog.stdin.take());
        let _ = self.watchdog.wait();
    }
}
