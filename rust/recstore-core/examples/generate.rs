//! Writes a pack of made-up recordings, which need never exist as files: `generate COUNT PACK`. `make scale` runs it.
//!
//! Each is a stream of four chunks, keyed as its recorder would. All cores compose and encode them; the first thread
//! writes them in their order. What waits to be written is bounded, so that memory is for the index alone.
#![allow(clippy::expect_used, clippy::unwrap_used, missing_docs)]

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;
use std::sync::mpsc::sync_channel;
use std::thread;

use recstore_core::json::{Text, Value};
use recstore_core::key::{DEFAULT_PROFILE, Profile, Request, request_key};
use recstore_core::pack::{Meta, Writer};
use recstore_core::recording::{Answer, FileName, Limits, compose, encode};

const FOLDERS: usize = 16;
/// So many recordings are handed over at a time, and so many hands-over may wait.
const BATCH: usize = 256;
const WAITING: usize = 4;

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [count, path] = arguments.as_slice() else {
        eprintln!("usage: generate COUNT PACK");
        std::process::exit(2)
    };
    generate(count.parse().expect("COUNT is a number"), Path::new(path)).expect("the pack can be written");
}

fn generate(count: usize, path: &Path) -> std::io::Result<()> {
    let folders: Vec<_> = (0..FOLDERS).map(|folder| format!("tests/suite_{folder:02}/recordings")).collect();
    let mut writer = Writer::new(BufWriter::with_capacity(1 << 20, File::create(path)?), false)?;
    let cores = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        // Worker `w` makes the batches w, w + cores, w + 2 cores, …
        let workers: Vec<_> = (0..cores)
            .map(|worker| {
                let (send, receive) = sync_channel(WAITING);
                scope.spawn(move || {
                    for start in (worker * BATCH..count).step_by(cores * BATCH) {
                        let made: Vec<_> = (start..count.min(start + BATCH)).map(recording).collect();
                        if send.send(made).is_err() {
                            return;
                        }
                    }
                });
                receive
            })
            .collect();
        let batches = workers.iter().cycle().map_while(|worker| worker.recv().ok());
        for (number, (name, block)) in batches.flatten().enumerate() {
            writer.add((number % FOLDERS) as u32, name, None, &block)?;
        }
        Ok::<_, std::io::Error>(())
    })?;
    let meta = Meta { profile: DEFAULT_PROFILE.to_owned(), ..Meta::default() };
    writer.finish(&folders, &meta)?;
    Ok(())
}

/// Returns the name of recording `number` and its block.
fn recording(number: usize) -> (FileName, Vec<u8>) {
    let test_id = format!("tests/suite_{:02}/test_generated.py::test_{number}", number % FOLDERS);
    let request = format!(
        r#"{{"method":"POST","url":"https://api.openai.com/v1/v1/chat/completions","headers":{{}},"body":{{"model":"gpt-4o","messages":[{{"role":"user","content":"Say the number {number}."}}],"stream":true}},"endpoint":"/v1/chat/completions","model":"gpt-4o"}}"#
    );
    let chunks = ["", "The number is ", &number.to_string(), "."].map(chunk).join(",");
    let body = format!("[{chunks}]");
    let test_id = Text::from(test_id);
    let request = Value::parse(request.as_bytes()).unwrap();
    let body = Value::parse(body.as_bytes()).unwrap();
    let profile = Profile::named(DEFAULT_PROFILE).unwrap();
    let key = request_key(&Request::split(&&request).unwrap(), Some(&test_id), profile).unwrap();
    let answer = Answer { status: None, body, is_streaming: true, error: None, details: Vec::new(), has_mapping: true };
    let text = compose(Some(&test_id), &request, answer, Vec::new(), &key).unwrap();
    (FileName::Key(key), encode(&text, &Limits::default()).unwrap())
}

fn chunk(content: &str) -> String {
    format!(
        r#"{{"__type__":"openai.types.chat.chat_completion_chunk.ChatCompletionChunk","__data__":{{"id":"","choices":[{{"delta":{{"content":"{content}","function_call":null,"refusal":null,"role":"assistant","tool_calls":null}},"finish_reason":null,"index":0,"logprobs":null}}],"created":0,"model":"gpt-4o","object":"chat.completion.chunk","service_tier":"default","system_fingerprint":"fp_44709d6fcb","usage":null}}}}"#
    )
}
