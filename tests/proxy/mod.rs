//! A node in front of a node, which fails at what it is told to, and lies.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

/// What is answered to a call, from its method, its parameters and what the node answers when it is asked; none breaks the connection.
type Rule = Box<dyn FnMut(&str, &Value, &dyn Fn() -> Value) -> Option<Value> + Send>;

/// Passes calls on to a node, as far as its rule says. It listens until the test's process ends.
pub(crate) struct Proxy {
    pub(crate) url: String,
    rule: Arc<Mutex<Rule>>,
}

impl Proxy {
    pub(crate) fn before(node: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let rule: Arc<Mutex<Rule>> = Arc::new(Mutex::new(Box::new(|_, _, node| Some(node()))));
        let (node, for_all) = (node.to_owned(), Arc::clone(&rule));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (node, rule) = (node.clone(), Arc::clone(&for_all));
                // A connection that breaks is its client's to notice.
                std::thread::spawn(move || answer(stream.unwrap(), &node, &rule));
            }
        });
        Self { url, rule }
    }

    /// Which calls fail from now on.
    pub(crate) fn fail(&self, mut which: impl FnMut(&str, &Value) -> bool + Send + 'static) {
        self.answer(move |method, parameters, node| {
            let error = json!({ "code": -32_005, "message": "this node does not answer that" });
            let fails = which(method, parameters);
            Some(if fails { json!({ "jsonrpc": "2.0", "id": 1, "error": error }) } else { node() })
        });
    }

    /// What is answered from now on; see [`Rule`].
    pub(crate) fn answer(&self, rule: impl FnMut(&str, &Value, &dyn Fn() -> Value) -> Option<Value> + Send + 'static) {
        *self.rule.lock().unwrap() = Box::new(rule);
    }
}

/// One call, one connection.
fn answer(mut stream: TcpStream, node: &str, rule: &Mutex<Rule>) -> std::io::Result<()> {
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
    let ask = || ureq::post(node).send_json(&call).unwrap().body_mut().read_json().unwrap();
    let answer = (rule.lock().unwrap())(call["method"].as_str().unwrap(), &call["params"], &ask);
    let Some(answer) = answer else { return Ok(()) };
    let answer = answer.to_string();
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n";
    write!(stream, "{head}Content-Length: {}\r\n\r\n{answer}", answer.len())
}
