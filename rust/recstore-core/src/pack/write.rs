//! A pack, written from front to end; only the header waits for the end.

use std::io::{self, Seek, SeekFrom, Write};
use std::ops::Range;

use super::Meta;
use super::compress::{Frame, VOLUME, Volume};
use super::find::{bucket, row, stamp_row};
use super::format::{
    ALIGNMENT, BLOCKS, FAN, FOLDERS, FRAME, FRAMES, Form, Header, KEYS, META, NAMES, PAGE, ROWS, STAMPS, SUM, SUMS,
    Section, SectionId, TEXTS, page_sum,
};
use super::frames::frame_row;
use super::sums::levels;
use crate::json::Layout;
use crate::key::Key;
use crate::loose::Stamp;
use crate::recording::{FileName, View};

/// Writes a pack: blocks first, in the order in which they come, then everything that leads to them.
///
/// Memory grows with the number of recordings (about 150 bytes each), not with their size; in the small form, up to 128
/// MiB of them wait to be compressed together, and the compressor takes about 60 MB for each core.
#[derive(Debug)]
pub struct Writer<W> {
    out: Pages<W>,
    rows: Vec<Row>,
    has_stamps: bool,
    /// Of the small form.
    frames: Option<Frames>,
}

#[derive(Debug)]
struct Row {
    name: FileName,
    folder: u32,
    /// Where the block lies, or in the small form the text of which it is made.
    block: Range<u64>,
    /// Of the small form, where the block does not say it.
    layout: Layout,
    stamp: Option<Stamp>,
}

/// The frames of a pack in the small form.
#[derive(Debug, Default)]
struct Frames {
    waiting: Vec<Waiting>,
    /// Length of the texts that wait, in bytes.
    waiting_len: usize,
    /// Length of the texts that are compressed, in bytes.
    text_end: u64,
    bytes_end: u64,
    rows: Vec<[u8; FRAME]>,
}

/// A text that is still to be compressed.
#[derive(Debug)]
struct Waiting {
    folder: u32,
    /// As JSON.
    test_id: Vec<u8>,
    text: Vec<u8>,
    /// Index of its row.
    row: usize,
}

impl<W: Write + Seek> Writer<W> {
    /// Begins a pack in the fast form in `out`, which must be empty. With stamps it can serve as a cache of loose files.
    ///
    /// # Errors
    /// Where `out` cannot be written; so for all methods below.
    pub fn new(out: W, has_stamps: bool) -> io::Result<Self> {
        Ok(Self { out: Pages::new(out)?, rows: Vec::new(), has_stamps, frames: None })
    }

    /// Begins a pack in the small form in `out`, which must be empty.
    pub fn small(out: W) -> io::Result<Self> {
        Ok(Self { frames: Some(Frames::default()), ..Self::new(out, false)? })
    }

    /// Adds a recording: its block, and where its file lies.
    pub fn add(&mut self, folder: u32, name: FileName, stamp: Option<Stamp>, block: &[u8]) -> io::Result<()> {
        if u32::try_from(block.len()).is_err() {
            return Err(io::Error::other(format!(
                "{name} needs more than the 4 GiB that a pack has for one recording"
            )));
        }
        let (layout, block) = match &mut self.frames {
            None => {
                let start = self.out.at - PAGE as u64;
                self.out.write(block)?;
                (Layout::Other, start..start + block.len() as u64)
            }
            Some(frames) => {
                let view = View::new(block).map_err(io::Error::other)?;
                let (layout, text) = view.source();
                if frames.waiting_len + text.len() > VOLUME {
                    frames.write(&mut self.out, &mut self.rows)?;
                }
                let test_id = view.test_id_json().map_err(io::Error::other)?.to_vec();
                frames.waiting.push(Waiting { folder, test_id, text: text.to_vec(), row: self.rows.len() });
                frames.waiting_len += text.len();
                (layout, 0..0)
            }
        };
        self.rows.push(Row { name, folder, block, layout, stamp });
        Ok(())
    }

    /// Writes the rest and gives back `out`. `folders` are what the numbers of folders mean.
    pub fn finish(mut self, folders: &[String], meta: &Meta) -> io::Result<W> {
        if u32::try_from(self.rows.len()).is_err() {
            return Err(io::Error::other("a pack holds at most 4,294,967,295 recordings"));
        }
        if let Some(frames) = &mut self.frames {
            frames.write(&mut self.out, &mut self.rows)?;
        }
        self.rows.sort_unstable_by(|a, b| (&a.name, a.folder).cmp(&(&b.name, b.folder)));
        let (id, form) = if self.frames.is_some() { (TEXTS, Form::Small) } else { (BLOCKS, Form::Fast) };
        self.out.sections.push(Section { id, offset: PAGE as u64, length: self.out.at - PAGE as u64 });
        if let Some(frames) = &self.frames {
            self.out.section(FRAMES, frames.rows.iter().map(|row| row.to_vec()))?;
        }
        let padded = |row: &Row| row.name.key().map_or([0; Key::MAX_LENGTH], |key| *key.padded());

        // One or two keys in each part.
        let fan_bits = self.rows.len().max(1).ilog2();
        let mut fan = vec![0_u32; (1 << fan_bits) + 1];
        for row in &self.rows {
            let next = bucket(&padded(row), fan_bits) as usize + 1;
            if let Some(count) = fan.get_mut(next) {
                *count += 1;
            }
        }
        let mut total = 0;
        for start in &mut fan {
            total += *start;
            *start = total;
        }

        let mut names = Vec::new();
        let mut index_of_name = |name: &str| {
            names.push(name.to_owned());
            names.len() as u32 - 1
        };
        let rows = &self.rows;
        self.out.section(KEYS, rows.iter().map(|row| padded(row).to_vec()))?;
        self.out.section(FAN, fan.iter().map(|start| start.to_le_bytes().to_vec()))?;
        let rows_of =
            rows.iter().map(|it| row(it.block.clone(), it.folder, &it.name, it.layout, &mut index_of_name).to_vec());
        self.out.section(ROWS, rows_of)?;
        if self.has_stamps {
            self.out.section(STAMPS, rows.iter().map(|row| stamp_row(row.stamp).to_vec()))?;
        }
        self.out.section(FOLDERS, [table(folders)])?;
        self.out.section(NAMES, [table(&names)])?;
        self.out.section(META, [meta.to_json()])?;
        self.out.finish(form)
    }
}

impl Frames {
    /// Compresses what waits for it, and writes it: the groups, then the dictionary that they refer to.
    ///
    /// The recordings of one test lie side by side: they are much alike, and asked for one after another.
    fn write<W: Write + Seek>(&mut self, out: &mut Pages<W>, rows: &mut [Row]) -> io::Result<()> {
        let mut waiting = std::mem::take(&mut self.waiting);
        waiting.sort_by(|a, b| (a.folder, &a.test_id).cmp(&(b.folder, &b.test_id)));
        self.waiting_len = 0;
        let mut volume = Volume::default();
        let mut start = self.text_end;
        for Waiting { text, row, .. } in waiting {
            let end = start + text.len() as u64;
            if let Some(row) = rows.get_mut(row) {
                row.block = start..end;
            }
            volume.add(&text);
            start = end;
        }
        let (groups, dictionary) = volume.compress()?;
        let number = dictionary.is_some().then_some((self.rows.len() + groups.len()) as u32);
        let groups = groups.into_iter().map(|group| (group, number));
        for (Frame { text_len, bytes }, dictionary) in groups.chain(dictionary.map(|frame| (frame, None))) {
            out.write(&bytes)?;
            self.text_end += text_len as u64;
            self.bytes_end += bytes.len() as u64;
            self.rows.push(frame_row(self.text_end, self.bytes_end, dictionary));
        }
        Ok(())
    }
}

/// A table of texts: their number, their ends, the texts.
fn table(texts: &[String]) -> Vec<u8> {
    let mut table = (texts.len() as u32).to_le_bytes().to_vec();
    let mut end = 0_u32;
    for text in texts {
        end += text.len() as u32;
        table.extend_from_slice(&end.to_le_bytes());
    }
    table.extend(texts.iter().flat_map(|text| text.bytes()));
    table
}

/// Pages on their way out, with their checksums.
#[derive(Debug)]
struct Pages<W> {
    out: W,
    /// Offset of the next byte, from the beginning of the file.
    at: u64,
    /// Number of the next page.
    next: u64,
    /// The beginning of it.
    page: Vec<u8>,
    sums: Vec<u64>,
    sections: Vec<Section>,
}

impl<W: Write + Seek> Pages<W> {
    fn new(mut out: W) -> io::Result<Self> {
        out.write_all(&[0; PAGE])?;
        Ok(Self { out, at: PAGE as u64, next: 1, page: Vec::new(), sums: Vec::new(), sections: Vec::new() })
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let missing = if self.page.is_empty() { 0 } else { PAGE - self.page.len() };
        let (first, bytes) = bytes.split_at(bytes.len().min(missing));
        self.page.extend_from_slice(first);
        if self.page.len() == PAGE {
            let page = std::mem::take(&mut self.page);
            self.write_pages(&page)?;
        }
        // Whole pages are written from where they are.
        let (pages, last) = bytes.split_at(bytes.len() - bytes.len() % PAGE);
        self.write_pages(pages)?;
        self.page.extend_from_slice(last);
        self.at += (first.len() + bytes.len()) as u64;
        Ok(())
    }

    fn write_pages(&mut self, pages: &[u8]) -> io::Result<()> {
        for page in pages.chunks_exact(PAGE) {
            self.sums.push(page_sum(page, self.next));
            self.next += 1;
        }
        self.out.write_all(pages)
    }

    fn section(&mut self, id: SectionId, parts: impl IntoIterator<Item = Vec<u8>>) -> io::Result<()> {
        self.align(ALIGNMENT)?;
        let offset = self.at;
        parts.into_iter().try_for_each(|part| self.write(&part))?;
        self.sections.push(Section { id, offset, length: self.at - offset });
        Ok(())
    }

    fn align(&mut self, to: u64) -> io::Result<()> {
        let missing = self.at.next_multiple_of(to) - self.at;
        self.write(&vec![0; missing as usize])
    }

    /// Writes the checksums, level by level up to the page that the header vouches for, and then the header.
    fn finish(mut self, form: Form) -> io::Result<W> {
        self.align(PAGE as u64)?;
        let start = self.at;
        let mut root = 0;
        for _ in levels(start / PAGE as u64) {
            let sums = std::mem::take(&mut self.sums);
            self.write(&sums.iter().flat_map(|sum| sum.to_le_bytes()).collect::<Vec<_>>())?;
            if sums.is_empty() {
                self.write(&[0; SUM])?;
            }
            self.align(PAGE as u64)?;
            root = self.sums.last().copied().unwrap_or_default();
        }
        self.sections.push(Section { id: SUMS, offset: start, length: self.at - start });
        let header = Header { form, length: self.at, root, sections: self.sections };
        self.out.seek(SeekFrom::Start(0))?;
        self.out.write_all(&header.to_page())?;
        self.out.flush()?;
        Ok(self.out)
    }
}
