//! HTTP/1.1 as far as it takes to play a server, a proxy or a caller on the loopback that costs next to nothing.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpStream;

use anyhow::{Context, Result, ensure};

/// A message: its first line with its headers as they came, and its body without framing.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
    /// Everything as it came.
    pub(crate) raw: Vec<u8>,
}

/// One side of a connection.
#[derive(Debug)]
pub(crate) struct Connection {
    reader: BufReader<TcpStream>,
    writer: TcpStream,
}

impl Connection {
    pub(crate) fn new(stream: TcpStream) -> Result<Self> {
        // Without it the last part of a message waits for the other side's word that the first has come.
        stream.set_nodelay(true)?;
        let writer = stream.try_clone()?;
        Ok(Self { reader: BufReader::with_capacity(64 * 1024, stream), writer })
    }

    pub(crate) fn writer(&mut self) -> &mut TcpStream {
        &mut self.writer
    }

    /// Waits for a message.
    ///
    /// # Errors
    /// When the connection is closed, or the message is none.
    pub(crate) fn read(&mut self) -> Result<Message> {
        self.message(true)
    }

    /// Waits for the answer to a call. One to `HEAD` says how long its body would be, and has none.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub(crate) fn read_answer(&mut self, call: &Message) -> Result<Message> {
        self.message(!call.head.starts_with("HEAD "))
    }

    fn message(&mut self, has_body: bool) -> Result<Message> {
        let mut raw = Vec::new();
        ensure!(self.line(&mut raw)?, "the connection is closed");
        while raw.last_chunk() != Some(b"\r\n\r\n") {
            ensure!(self.line(&mut raw)?, "the connection is closed");
        }
        let head = String::from_utf8_lossy(&raw).into_owned();
        if !has_body {
            return Ok(Message { head, body: Vec::new(), raw });
        }
        let length = header(&head, "content-length").map(str::parse::<usize>).transpose()?;
        let chunked = header(&head, "transfer-encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked"));
        let body = match (chunked, length) {
            (true, _) => self.chunks(&mut raw)?,
            (false, Some(length)) => {
                let start = raw.len();
                raw.resize(start + length, 0);
                let body = raw.get_mut(start..).context("room")?;
                self.reader.read_exact(body)?;
                body.to_vec()
            }
            (false, None) => Vec::new(),
        };
        Ok(Message { head, body, raw })
    }

    fn chunks(&mut self, raw: &mut Vec<u8>) -> Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let start = raw.len();
            self.line(raw)?;
            let line = String::from_utf8_lossy(raw.get(start..).unwrap_or_default()).into_owned();
            let size = usize::from_str_radix(line.trim().split(';').next().unwrap_or_default(), 16)?;
            let mut chunk = vec![0; size + 2];
            self.reader.read_exact(&mut chunk)?;
            raw.extend_from_slice(&chunk);
            chunk.truncate(size);
            body.append(&mut chunk);
            if size == 0 {
                return Ok(body);
            }
        }
    }

    /// Appends a line; false at the end.
    fn line(&mut self, to: &mut Vec<u8>) -> Result<bool> {
        Ok(self.reader.read_until(b'\n', to)? > 0)
    }
}

/// A header's value.
pub(crate) fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let lines = head.lines().filter_map(|line| line.split_once(':'));
    lines.filter(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim()).next()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::net::TcpListener;

    #[test]
    fn messages_are_read_one_after_the_other_however_they_are_framed() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut sender = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let mut connection = Connection::new(listener.accept().unwrap().0).unwrap();
        let text = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\noneHTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\ntwo\r\n0\r\n\r\n";
        sender.write_all(text.as_bytes()).unwrap();
        drop(sender);
        let (one, two) = (connection.read().unwrap(), connection.read().unwrap());
        assert_eq!((one.body, two.body), (b"one".to_vec(), b"two".to_vec()));
        assert_eq!([one.raw, two.raw].concat(), text.as_bytes());
        assert!(connection.read().is_err());
    }

    #[test]
    fn an_answer_to_head_has_no_body_however_long_it_would_be() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut sender = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let mut connection = Connection::new(listener.accept().unwrap().0).unwrap();
        let answer = "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n";
        sender
            .write_all(format!("HEAD /a HTTP/1.1\r\n\r\nGET /a HTTP/1.1\r\n\r\n{answer}{answer}one").as_bytes())
            .unwrap();
        drop(sender);
        let (head, get) = (connection.read().unwrap(), connection.read().unwrap());
        assert!(connection.read_answer(&head).unwrap().body.is_empty());
        assert_eq!(connection.read_answer(&get).unwrap().body, b"one");
    }
}
