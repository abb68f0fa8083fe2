//! A VNFM that fails in every way in which a server can: it reads a request, or only
//! its head, and then plays what the test says, byte for byte.

use std::io::{BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::vnfm::{Received, receive_body, receive_head};

/// What it does with one request.
#[derive(Debug, Clone)]
pub enum Act {
    /// Also reads the body. Without this, a connection that ends is reset, as the
    /// body was not read.
    ReadBody,
    Send(Vec<u8>),
    /// The same, a byte at a time with a pause between.
    Drip(Vec<u8>, Duration),
    /// The same bytes again and again, until nobody takes them.
    Flood(Vec<u8>),
    /// Says nothing for a while.
    Pause(Duration),
    /// Waits until this is true.
    Until(Arc<AtomicBool>),
    /// Says nothing until the gate ends the connection.
    Hang,
    /// Ends the connection.
    Close,
}

/// Sends an answer after the whole request was read.
#[must_use]
pub fn answer(bytes: impl Into<Vec<u8>>) -> Vec<Act> {
    vec![Act::ReadBody, Act::Send(bytes.into())]
}

/// The same, and ends the connection.
#[must_use]
pub fn answer_and_close(bytes: impl Into<Vec<u8>>) -> Vec<Act> {
    vec![Act::ReadBody, Act::Send(bytes.into()), Act::Close]
}

type Play = Box<dyn FnMut(&Received) -> Vec<Act> + Send>;

struct Stage {
    play: Play,
    /// All that was read to its end, as far as it was to be.
    received: Vec<Received>,
    /// Connections that are open.
    open: usize,
    /// Those that ever were.
    taken: usize,
}

/// The VNFM, on loopback. It ends with the test process.
#[derive(Clone)]
pub struct FaultyVnfm {
    address: SocketAddr,
    stage: Arc<Mutex<Stage>>,
}

impl FaultyVnfm {
    /// Listens on a free port and plays, for each request, what `play` says.
    ///
    /// # Panics
    /// If there is no free port.
    #[must_use]
    pub fn start(play: impl FnMut(&Received) -> Vec<Act> + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let stage = Arc::new(Mutex::new(Stage { play: Box::new(play), received: Vec::new(), open: 0, taken: 0 }));
        let vnfm = Self { address, stage };
        let shared = vnfm.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let vnfm = shared.clone();
                vnfm.stage().open += 1;
                vnfm.stage().taken += 1;
                std::thread::spawn(move || {
                    vnfm.serve(&stream);
                    drop(stream);
                    vnfm.stage().open -= 1;
                });
            }
        });
        vnfm
    }

    /// Plays something else from the next request on.
    pub fn play(&self, play: impl FnMut(&Received) -> Vec<Act> + Send + 'static) {
        self.stage().play = Box::new(play);
    }

    /// `http://ADDRESS`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What has arrived since the last call.
    #[must_use]
    pub fn received(&self) -> Vec<Received> {
        std::mem::take(&mut self.stage().received)
    }

    /// Connections that are open.
    #[must_use]
    pub fn open(&self) -> usize {
        self.stage().open
    }

    /// Connections that were taken until now.
    #[must_use]
    pub fn taken(&self) -> usize {
        self.stage().taken
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    fn serve(&self, stream: &TcpStream) {
        let mut reader = BufReader::new(stream);
        while let Some(mut request) = receive_head(&mut reader) {
            let acts = (self.stage().play)(&request);
            if acts.iter().any(|act| matches!(act, Act::ReadBody)) {
                let Some(body) = receive_body(&mut reader, &request) else { return };
                request.body = body;
            }
            self.stage().received.push(request);
            for act in acts {
                if perform(act, stream).is_err() {
                    return;
                }
            }
        }
    }

    fn stage(&self) -> std::sync::MutexGuard<'_, Stage> {
        self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn perform(act: Act, mut stream: &TcpStream) -> std::io::Result<()> {
    match act {
        Act::ReadBody => Ok(()),
        Act::Send(bytes) => stream.write_all(&bytes),
        Act::Drip(bytes, pause) => bytes.iter().try_for_each(|byte| {
            std::thread::sleep(pause);
            stream.write_all(&[*byte])
        }),
        Act::Flood(bytes) => loop {
            stream.write_all(&bytes)?;
        },
        Act::Pause(time) => {
            std::thread::sleep(time);
            Ok(())
        }
        Act::Until(go) => {
            while !go.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_millis(5));
            }
            Ok(())
        }
        Act::Hang => {
            while stream.read(&mut [0; 1024])? > 0 {}
            Err(std::io::ErrorKind::ConnectionAborted.into())
        }
        Act::Close => Err(std::io::ErrorKind::ConnectionAborted.into()),
    }
}
