//! The engines that Solgate is compared with, for `make bench`, which asks them over
//! standard input and output (`tests/bench/slices`).

mod cedar;
mod cel;
mod rego;

use std::io::Write;
use std::process::ExitCode;

use anyhow::Context;
use solgate_slices::{Answer, Peer, Question};

fn main() -> ExitCode {
    match serve() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("solgate-peers: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Answers until there are no more questions.
fn serve() -> anyhow::Result<()> {
    let mut peers: Vec<Box<dyn Peer>> = vec![
        Box::new(rego::Machine::new()?),
        Box::new(rego::Interpreter::new()?),
        Box::new(cel::Cel::new()?),
        Box::new(cedar::Cedar::new()?),
    ];
    let mut output = std::io::stdout().lock();
    for line in std::io::stdin().lines() {
        let answer = answer(&mut peers, serde_json::from_str(&line?)?)?;
        serde_json::to_writer(&mut output, &answer)?;
        output.write_all(b"\n")?;
        output.flush()?;
    }
    Ok(())
}

fn answer(peers: &mut [Box<dyn Peer>], question: Question) -> anyhow::Result<Answer> {
    Ok(match question {
        Question::Names => Answer::Names(peers.iter().map(|peer| peer.name()).collect()),
        Question::Broken { engine, document } => {
            let peer = numbered(peers, engine)?;
            let broken = peer.broken(&document);
            Answer::Names(broken.with_context(|| format!("{} has no verdict on {document}", peer.name()))?)
        }
        Question::Slice { engine, document, plan } => Answer::Slice(numbered(peers, engine)?.slice(&document, plan)?),
    })
}

fn numbered(peers: &mut [Box<dyn Peer>], engine: usize) -> anyhow::Result<&mut dyn Peer> {
    let peer = peers.get_mut(engine).with_context(|| format!("there is no engine {engine}"))?;
    Ok(peer.as_mut())
}
