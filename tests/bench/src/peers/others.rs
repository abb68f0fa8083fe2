//! The other engines, which are a program of their own: `tests/bench/peers`.

use std::cell::RefCell;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::rc::Rc;

use anyhow::{Context, bail, ensure};
use solgate_slices::{Answer, Peer, Plan, Question};
use solgate_tests::workspace;

/// One of them.
pub(super) struct Other {
    name: String,
    number: usize,
    program: Rc<RefCell<Program>>,
}

/// The process, which ends when its input does.
struct Program {
    child: Child,
    questions: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

/// All of them, in the order in which they are reported.
pub(super) fn all() -> anyhow::Result<Vec<Other>> {
    let program = Rc::new(RefCell::new(Program::start()?));
    let names = program.borrow_mut().names(&Question::Names)?;
    let other = |(number, name)| Other { name, number, program: Rc::clone(&program) };
    Ok(names.into_iter().enumerate().map(other).collect())
}

impl Program {
    fn start() -> anyhow::Result<Self> {
        let path = workspace().join("target/bench/release/solgate-peers");
        let mut child = Command::new(&path)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("{} cannot be started; run `make bench`", path.display()))?;
        let (questions, answers) = (child.stdin.take(), child.stdout.take().context("it has no standard output")?);
        Ok(Self { child, questions, answers: BufReader::new(answers) })
    }

    fn ask(&mut self, question: &Question) -> anyhow::Result<Answer> {
        let mut questions = self.questions.as_ref().context("it has no standard input")?;
        questions.write_all(format!("{}\n", serde_json::to_string(question)?).as_bytes())?;
        let mut line = String::new();
        ensure!(self.answers.read_line(&mut line)? > 0, "the program of the other engines has ended; it said why");
        Ok(serde_json::from_str(&line)?)
    }

    fn names(&mut self, question: &Question) -> anyhow::Result<Vec<String>> {
        match self.ask(question)? {
            Answer::Names(names) => Ok(names),
            Answer::Slice(_) => bail!("the program of the other engines answers another question"),
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.questions = None;
        let _ = self.child.wait();
    }
}

impl Peer for Other {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn broken(&mut self, document: &str) -> anyhow::Result<Vec<String>> {
        let question = Question::Broken { engine: self.number, document: document.to_owned() };
        self.program.borrow_mut().names(&question)
    }

    fn slice(&mut self, document: &str, plan: Plan) -> anyhow::Result<Vec<u32>> {
        let question = Question::Slice { engine: self.number, document: document.to_owned(), plan };
        match self.program.borrow_mut().ask(&question)? {
            Answer::Slice(times) => Ok(times),
            Answer::Names(_) => bail!("the program of the other engines answers another question"),
        }
    }
}
