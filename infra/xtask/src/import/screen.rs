//! What the person at the terminal sees and answers.

use std::io::{BufRead, Write};

/// A terminal, or what stands for one.
///
/// What cannot be written is lost: a closed terminal is no reason to give up an import.
pub(super) struct Screen<'a> {
    /// For what was found and how it ended.
    pub(super) out: &'a mut dyn Write,
    /// For what is going on.
    pub(super) progress: &'a mut dyn Write,
    /// Where answers come from.
    pub(super) answers: &'a mut dyn BufRead,
    /// Whether somebody is there to answer.
    pub(super) can_ask: bool,
    /// Whether a line can be written over.
    pub(super) can_draw: bool,
}

impl Screen<'_> {
    /// Tells what was found, or how it ended.
    pub(super) fn say(&mut self, text: &str) {
        let _ = writeln!(self.out, "{}", plain(text));
    }

    /// Tells what is going on.
    pub(super) fn tell(&mut self, text: &str) {
        let _ = writeln!(self.progress, "{}", plain(text));
    }

    /// Writes the line that shows how far something is over the one before.
    pub(super) fn draw(&mut self, line: &str) {
        let _ = write!(self.progress, "\r{}\x1b[K", plain(line));
        let _ = self.progress.flush();
    }

    /// Ends the line that was drawn.
    pub(super) fn end_of_drawing(&mut self) {
        let _ = writeln!(self.progress);
    }

    /// Asks a question; anything but a yes is a no.
    ///
    /// # Errors
    /// When no answer can be read.
    pub(super) fn ask(&mut self, question: &str) -> std::io::Result<bool> {
        let _ = write!(self.progress, "{question} [y/N] ");
        let _ = self.progress.flush();
        let mut answer = String::new();
        self.answers.read_line(&mut answer)?;
        Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
    }
}

/// A text without what a terminal would obey instead of showing: cells of a file are written by anybody.
fn plain(text: &str) -> String {
    let obeyed = |char: char| {
        let turns = matches!(char, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}');
        (char.is_control() && char != '\n') || turns
    };
    text.chars().map(|char| if obeyed(char) { ' ' } else { char }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(work: impl FnOnce(&mut Screen<'_>)) -> String {
        let (mut out, mut progress) = (Vec::new(), Vec::new());
        let mut answers: &[u8] = b"yes\nperhaps\n";
        let mut screen =
            Screen { out: &mut out, progress: &mut progress, answers: &mut answers, can_ask: true, can_draw: true };
        work(&mut screen);
        String::from_utf8([out, progress].concat()).unwrap()
    }

    #[test]
    fn what_a_file_says_commands_no_terminal() {
        assert_eq!(shown(|screen| screen.say("a\x1b[2Jb\u{202e}c\td")), "a [2Jb c d\n");
        assert_eq!(shown(|screen| screen.draw("a\rb")), "\ra b\x1b[K");
    }

    #[test]
    fn only_a_yes_is_a_yes() {
        shown(|screen| {
            assert!(screen.ask("now?").unwrap());
            assert!(!screen.ask("now?").unwrap());
            assert!(!screen.ask("at the end of input?").unwrap());
        });
    }
}
