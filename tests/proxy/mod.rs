//! A node in front of a node, which fails at what it is told to.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

/// Whether a call fails, from its method and parameters.
type Fails = Box<dyn FnMut(&str, &Value) -> bool + Send>;

/// Passes calls on to a node, but for those that fail. It listens until the test's process ends.
pub(crate) struct Proxy {
    pub(crate) url: String,
    fails: Arc<Mutex<Fails>>,
}

impl Proxy {
    pub(crate) fn before(node: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let fails: Arc<Mutex<Fails>> = Arc::new(Mutex::new(Box::new(|_, _| false)));
        let (node, rule) = (node.to_owned(), Arc::clone(&fails));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (node, rule) = (node.clone(), Arc::clone(&rule));
                // A connection that breaks is its client's to notice.
                std::thread::spawn(move || answer(stream.unwrap(), &node, &rule));
            }
        });
        Self { url, fails }
    }

    /// Which calls fail from now on.
    pub(crate) fn fail(&self, which: impl FnMut(&str, &Value) -> bool + Send + 'static) {
        *self.fails.lock().unwrap() = Box::new(which);
    }
}

/// One call, one connection.
fn answer(mut stream: TcpStream, node: &str, fails: &Mutex<Fails>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let line = line.trim().to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        } else if line.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let call: Value = serde_json::from_slice(&body)?;
    let fails = fails.lock().unwrap()(call["method"].as_str().unwrap(), &call["params"]);
    let answer = if fails {
        json!({ "jsonrpc": "2.0", "id": 1, "error": { "code": -32_005, "message": "this node does not answer that" } })
    } else {
        ureq::post(node).send_json(&call).unwrap().body_mut().read_json().unwrap()
    };
    let answer = answer.to_string();
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n";
    write!(stream, "{head}Content-Length: {}\r\n\r\n{answer}", answer.len())
}
