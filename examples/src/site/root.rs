//! The folder that a site serves, and the only way to its files.
//!
//! The rule: everything is opened beneath the root, and a link that leads out of it is as good as nothing at all. Where
//! the system can say so in one call (`openat2` with `RESOLVE_BENEATH`, Linux 5.6) nobody can move a link between the
//! check and the opening; elsewhere the path is made canonical first and compared.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::{self, AtFlags, Dir, Mode, OFlags};
use rustix::io::Errno;

use super::target::Place;

/// What a new file and a new folder may be used for: the process's mask takes away from it.
const FILE_MODE: Mode = Mode::from_raw_mode(0o666);
const FOLDER_MODE: Mode = Mode::from_raw_mode(0o777);

/// A folder, with everything beneath it and nothing else.
#[derive(Debug)]
pub struct Root {
    folder: OwnedFd,
    /// Canonical; for the comparison where the system has no better way.
    path: PathBuf,
}

impl Root {
    /// The folder at `path`.
    ///
    /// # Errors
    /// It can't be opened, or is no folder.
    pub fn open(path: &Path) -> io::Result<Self> {
        let path = path.canonicalize()?;
        let folder = fs::open(&path, OFlags::DIRECTORY | OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
        Ok(Root { folder, path })
    }

    /// Opens what is at `place` for reading: a file or a folder.
    ///
    /// # Errors
    /// Nothing is there, or it may not be read. A link out of the root counts as nothing.
    pub fn read(&self, place: &Place) -> io::Result<File> {
        // Opening a FIFO must not wait for a writer.
        let how = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        Ok(self.open_beneath(place.path(), how)?.into())
    }

    /// The names in an open folder, with a slash behind those of folders, unsorted; at most `cap`, dot files left out.
    ///
    /// # Errors
    /// It can't be read.
    pub fn names(folder: &File, cap: usize) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in Dir::read_from(folder)? {
            let entry = entry?;
            let name = String::from_utf8_lossy(entry.file_name().to_bytes()).into_owned();
            if name.starts_with('.') {
                continue;
            }
            let is_folder = fs::statat(folder, entry.file_name(), AtFlags::empty())
                .is_ok_and(|stat| fs::FileType::from_raw_mode(stat.st_mode).is_dir());
            names.push(if is_folder { name + "/" } else { name });
            if names.len() == cap {
                break;
            }
        }
        Ok(names)
    }

    /// Begins to write a new file that will be at `place` once it is complete. Missing folders are made.
    ///
    /// # Errors
    /// `place` is a folder, or can't be written.
    pub fn write(&self, place: &Place) -> io::Result<Upload> {
        let (parent, name) = self.parent(place, true)?;
        if let Ok(stat) = fs::statat(&parent, name, AtFlags::SYMLINK_NOFOLLOW)
            && fs::FileType::from_raw_mode(stat.st_mode).is_dir()
        {
            return Err(Errno::ISDIR.into());
        }
        Upload::begin(parent.into(), name)
    }

    /// The folder at `place`; where there is none, the one that a file at `place` would be in, made if it is missing.
    ///
    /// # Errors
    /// It can't be made or opened.
    pub fn folder(&self, place: &Place) -> io::Result<Arc<OwnedFd>> {
        let folder = match self.folder_beneath(place.path()) {
            Err(Errno::NOENT) if place.is_folder() => {
                self.make_folders(place.path())?;
                self.folder_beneath(place.path())?
            }
            Err(Errno::NOENT | Errno::NOTDIR) if !place.is_folder() => self.parent(place, true)?.0,
            opened => opened?,
        };
        Ok(folder.into())
    }

    /// Deletes the file at `place`, or the link there, not what it points to.
    ///
    /// # Errors
    /// It isn't there, is a folder, or may not be deleted.
    pub fn delete(&self, place: &Place) -> io::Result<()> {
        let (parent, name) = self.parent(place, false)?;
        Ok(fs::unlinkat(parent, name, AtFlags::empty())?)
    }

    /// The folder that `place` is in, made if it is missing and `make` is set, and the name in it.
    fn parent<'a>(&self, place: &'a Place, make: bool) -> io::Result<(OwnedFd, &'a OsStr)> {
        let Some(name) = place.path().file_name().filter(|_| !place.is_folder()) else {
            return Err(Errno::ISDIR.into());
        };
        let parent = place.path().parent().filter(|parent| !parent.as_os_str().is_empty());
        let parent = parent.unwrap_or(Path::new("."));
        match self.folder_beneath(parent) {
            Err(Errno::NOENT) if make => self.make_folders(parent)?,
            _ => {}
        }
        Ok((self.folder_beneath(parent)?, name))
    }

    fn make_folders(&self, path: &Path) -> rustix::io::Result<()> {
        let mut above = PathBuf::from(".");
        for name in path {
            let folder = self.folder_beneath(&above)?;
            match fs::mkdirat(&folder, name, FOLDER_MODE) {
                Ok(()) | Err(Errno::EXIST) => above.push(name),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn folder_beneath(&self, path: &Path) -> rustix::io::Result<OwnedFd> {
        self.open_beneath(path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC)
    }

    fn open_beneath(&self, path: &Path, how: OFlags) -> rustix::io::Result<OwnedFd> {
        #[cfg(target_os = "linux")]
        {
            let stay = fs::ResolveFlags::BENEATH | fs::ResolveFlags::NO_MAGICLINKS;
            match fs::openat2(&self.folder, path, how, Mode::empty(), stay) {
                // An old kernel, or a sandbox that does not know the call.
                Err(Errno::NOSYS | Errno::PERM) => {}
                Err(Errno::XDEV | Errno::LOOP) => return Err(Errno::NOENT),
                opened => return opened,
            }
        }
        self.open_canonical(path, how)
    }

    fn open_canonical(&self, path: &Path, how: OFlags) -> rustix::io::Result<OwnedFd> {
        let errno = |error: io::Error| Errno::from_io_error(&error).unwrap_or(Errno::NOENT);
        let real = self.path.join(path).canonicalize().map_err(errno)?;
        if !real.starts_with(&self.path) {
            return Err(Errno::NOENT);
        }
        fs::open(&real, how | OFlags::NOFOLLOW, Mode::empty())
    }
}

/// A file on its way in. Nobody sees it before it is complete; dropped before, it leaves nothing behind.
#[derive(Debug)]
pub struct Upload {
    parent: Arc<OwnedFd>,
    temporary: String,
    name: PathBuf,
    file: File,
    done: bool,
}

impl Upload {
    /// Begins to write a file that will be called `name` in the folder `parent`.
    ///
    /// # Errors
    /// The disk's own.
    pub fn begin(parent: Arc<OwnedFd>, name: impl AsRef<OsStr>) -> io::Result<Self> {
        let how = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        loop {
            let temporary = temporary_name();
            match fs::openat(&parent, &temporary, how, FILE_MODE) {
                // What a process of the same number left that was killed: in a container all of them have it.
                Err(Errno::EXIST) => {}
                opened => {
                    let (file, name) = (opened?.into(), name.as_ref().into());
                    return Ok(Upload { parent, temporary, name, file, done: false });
                }
            }
        }
    }

    /// The next bytes.
    ///
    /// # Errors
    /// The disk's own.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)
    }

    /// All of it is there: takes its place, at once and as a whole. Whether a file was replaced by it.
    ///
    /// # Errors
    /// The place was taken by a folder meanwhile, or the disk's own.
    pub fn finish(mut self) -> io::Result<bool> {
        let replaced = fs::statat(&self.parent, &self.name, AtFlags::SYMLINK_NOFOLLOW).is_ok();
        fs::renameat(&self.parent, &self.temporary, &self.parent, &self.name)?;
        self.done = true;
        Ok(replaced)
    }

    /// All of it is there: from now on it is also called `name`, in the same folder, and stays when this is dropped.
    ///
    /// # Errors
    /// There is something of that name, or the disk's own.
    pub fn finish_as(&self, name: &str) -> io::Result<()> {
        // A link is never made over anything; the temporary name goes with the upload.
        Ok(fs::linkat(&self.parent, &self.temporary, &self.parent, name, AtFlags::empty())?)
    }

    /// Takes back what [`finish_as`](Upload::finish_as) did.
    pub fn take_back(&self, name: &str) {
        let _ = fs::unlinkat(&self.parent, name, AtFlags::empty());
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if !self.done {
            let _ = fs::unlinkat(&self.parent, &self.temporary, AtFlags::empty());
        }
    }
}

/// Never the same twice in one process. A dot in front: never listed.
fn temporary_name() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    format!(".upload-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;
    use std::io::Read as _;
    use std::os::unix::fs::symlink;

    fn place(target: &str) -> Place {
        Place::of_target(target).unwrap()
    }

    fn text(root: &Root, target: &str) -> io::Result<String> {
        let mut text = String::new();
        root.read(&place(target))?.read_to_string(&mut text)?;
        Ok(text)
    }

    fn site() -> (Scratch, Root) {
        let scratch = Scratch::new().unwrap();
        scratch.write("secret.txt", b"secret").unwrap();
        scratch.write("root/a.txt", b"a").unwrap();
        scratch.write("root/b/c.txt", b"c").unwrap();
        let root = Root::open(&scratch.path().join("root")).unwrap();
        (scratch, root)
    }

    #[test]
    fn links_inside_are_followed_and_links_out_are_nothing() {
        let (scratch, root) = site();
        let link = |to: &str, at: &str| symlink(to, scratch.path().join("root").join(at)).unwrap();
        link("../a.txt", "b/up");
        link("../secret.txt", "out");
        link("..", "above");
        link("/etc/passwd", "passwd");
        link("loop", "loop");
        assert_eq!(text(&root, "/b/up").unwrap(), "a");
        for target in ["/out", "/above/secret.txt", "/passwd", "/loop"] {
            assert_eq!(text(&root, target).unwrap_err().kind(), io::ErrorKind::NotFound, "{target}");
        }
        assert!(root.write(&place("/above/new.txt")).is_err());
        assert!(root.delete(&place("/above/secret.txt")).is_err());
    }

    #[test]
    fn the_way_without_openat2_knows_the_same_links() {
        let (scratch, root) = site();
        symlink("../a.txt", scratch.path().join("root/b/up")).unwrap();
        symlink("../secret.txt", scratch.path().join("root/out")).unwrap();
        assert!(root.open_canonical(Path::new("b/up"), OFlags::RDONLY).is_ok());
        assert_eq!(root.open_canonical(Path::new("out"), OFlags::RDONLY).unwrap_err(), Errno::NOENT);
    }

    #[test]
    fn what_a_killed_process_of_the_same_number_left_is_in_nobodys_way() {
        let (scratch, root) = site();
        let last = root.write(&place("/x")).unwrap().temporary.clone();
        let (stem, count) = last.rsplit_once('-').unwrap();
        for count in count.parse::<u64>().unwrap()..=count.parse::<u64>().unwrap() + 20 {
            scratch.write(&format!("root/{stem}-{count}"), b"half").unwrap();
        }
        let mut upload = root.write(&place("/a.txt")).unwrap();
        upload.write(b"whole").unwrap();
        assert!(upload.finish().unwrap());
        assert_eq!(text(&root, "/a.txt").unwrap(), "whole");
    }

    #[test]
    fn an_upload_is_seen_as_a_whole_or_not_at_all() {
        let (scratch, root) = site();
        let mut upload = root.write(&place("/a.txt")).unwrap();
        upload.write(b"new").unwrap();
        assert_eq!(text(&root, "/a.txt").unwrap(), "a");
        assert!(upload.finish().unwrap(), "it replaced a file");
        assert_eq!(text(&root, "/a.txt").unwrap(), "new");

        let mut given_up = root.write(&place("/new/deep/d.txt")).unwrap();
        given_up.write(b"half").unwrap();
        drop(given_up);
        assert_eq!(scratch.path().join("root/new/deep").read_dir().unwrap().count(), 0);
    }

    #[test]
    fn folders_are_neither_written_nor_deleted() {
        let (_scratch, root) = site();
        for target in ["/b", "/b/", "/"] {
            assert!(root.write(&place(target)).is_err(), "{target}");
            assert!(root.delete(&place(target)).is_err(), "{target}");
        }
    }

    #[test]
    fn a_link_is_deleted_and_not_what_it_points_to() {
        let (scratch, root) = site();
        symlink("a.txt", scratch.path().join("root/link")).unwrap();
        root.delete(&place("/link")).unwrap();
        assert_eq!(text(&root, "/a.txt").unwrap(), "a");
        assert!(root.delete(&place("/link")).is_err());
    }

    #[test]
    fn names_are_told_without_hidden_ones() {
        let (scratch, root) = site();
        scratch.write("root/.hidden", b"").unwrap();
        let folder = root.read(&place("/")).unwrap();
        let mut names = Root::names(&folder, 100).unwrap();
        names.sort();
        assert_eq!(names, ["a.txt", "b/"]);
        assert_eq!(Root::names(&folder, 1).unwrap().len(), 1);
    }
}
