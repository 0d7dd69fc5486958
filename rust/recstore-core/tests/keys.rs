//! Keys against the vectors of every OGX version and the names of real files.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::collections::BTreeMap;

use common::{corpus, files};
use recstore_core::json::{Text, Value};
use recstore_core::key::{Key, Profile, Profiles, Request, request_key};

fn object<'a>(members: impl IntoIterator<Item = (&'static str, Value<'a>)>) -> Value<'a> {
    Value::Object(members.into_iter().map(|(name, value)| (Text::from(name), value)).collect())
}

fn key(request: &Value<'_>, test_id: Option<&str>, profile: &str) -> String {
    let request = Request::split(&request).unwrap();
    let test_id = test_id.map(Text::from);
    request_key(&request, test_id.as_ref(), Profile::named(profile).unwrap()).unwrap().to_string()
}

#[test]
fn every_vector_comes_out_under_every_profile() {
    let Some(folder) = corpus("keys") else { return };
    let text = std::fs::read(folder.join("ogx_key_vectors.json")).unwrap();
    let vectors = Value::parse(&text).unwrap();
    let vectors = vectors.as_array().unwrap();
    assert_eq!(vectors.len(), 18);
    for vector in vectors {
        let member = |name: &str| vector.get(name).unwrap();
        let [case, method, url] = ["case", "method", "url"].map(|name| member(name).as_str().unwrap());
        let test_id = member("test_id").as_str();
        let text = |text: &str| Value::String(Text::from(text.to_owned()));
        let (method, url, body) = (text(method), text(url), member("body").clone());

        let call = object([("method", method.clone()), ("url", url.clone()), ("body", body.clone())]);
        for version in 1..=7 {
            let expected = member("infer").get(&format!("V{version}")).unwrap().as_str().unwrap();
            assert_eq!(key(&call, test_id, &format!("ogx-{version}")), expected, "{case} under ogx-{version}");
        }
        let http = object([("method", method), ("url", url), ("payload", body.clone())]);
        for (profile, name) in [("ogx-http-7", "http_V7"), ("ogx-http-5", "http_V5rules")] {
            assert_eq!(key(&http, test_id, profile), member(name).as_str().unwrap(), "{case} under {profile}");
        }
        let tool = object([("provider", text("tavily")), ("tool_name", text("web_search")), ("kwargs", body)]);
        assert_eq!(key(&tool, None, "ogx-tool"), member("tool_v1").as_str().unwrap(), "{case} under ogx-tool");
    }
}

#[test]
fn real_files_are_named_by_the_keys_of_their_requests() {
    let Some(folder) = corpus("ogx") else { return };
    let mut counts = BTreeMap::new();
    for path in files(&folder, "json") {
        let text = std::fs::read(&path).unwrap();
        let recording = Value::parse(&text).unwrap();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let digits = name.strip_prefix("models-").map_or(name, |rest| rest.split('-').next().unwrap());
        let file_key: Key = digits.parse().unwrap();
        let test_id = recording.get("test_id").and_then(Value::as_str).map(Text::from);
        let profile = Request::split(&recording.get("request").unwrap())
            .ok()
            .and_then(|request| Profiles::RELEASED.matching(&request, test_id.as_ref(), &file_key));
        *counts.entry(profile.map_or("none", |profile| profile.name)).or_insert(0) += 1;
    }
    let expected = [("none", 69), ("ogx-2", 4), ("ogx-6", 146), ("ogx-7", 1_341), ("ogx-http-7", 21), ("ogx-tool", 7)];
    assert_eq!(counts, BTreeMap::from(expected));
}

#[test]
fn keys_take_time_linear_in_the_length_of_a_string() {
    // In Python the patterns need seconds for each of these.
    for (pattern, times) in
        [("9", 1_000_000), (" ", 1_000_000), ("score: ", 100_000), (",\t", 500_000), ("<|", 500_000)]
    {
        let hostile = format!("score:{0}attributes:{0}", pattern.repeat(times));
        let body = object([("prompt", Value::String(Text::from(hostile)))]);
        let request = object([
            ("method", Value::String(Text::from("POST"))),
            ("url", Value::String(Text::from("http://h/v1/x"))),
            ("body", body),
        ]);
        let start = std::time::Instant::now();
        key(&request, None, "ogx-7");
        assert!(start.elapsed().as_secs() < 5, "{pattern:?} took {:?}", start.elapsed());
    }
}
