//! What the person at the terminal sees and answers.

use std::io::{BufRead, Write};

use super::stop::Stop;

/// How many columns a terminal has at least, if it does not say; the last one stays free, where some go on in the next line.
const COLUMNS: usize = 80;

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
    /// How wide a line can be to be written over.
    pub(super) width: usize,
    /// Whether somebody wants to stop. Before there is a job nobody listens: that simply ends the command.
    pub(super) stop: Stop,
    is_drawn: bool,
}

impl<'a> Screen<'a> {
    /// One that nobody can be asked at, and where nothing is drawn.
    pub(super) fn new(out: &'a mut dyn Write, progress: &'a mut dyn Write, answers: &'a mut dyn BufRead) -> Self {
        let (can_ask, can_draw, is_drawn) = (false, false, false);
        Self { out, progress, answers, can_ask, can_draw, width: COLUMNS - 1, stop: Stop::default(), is_drawn }
    }
}

impl Screen<'_> {
    /// As wide as the terminal says it is.
    pub(super) fn fit(&mut self, columns: Option<&str>) {
        let columns = columns.and_then(|columns| columns.trim().parse().ok()).filter(|columns| *columns > 1);
        self.width = columns.unwrap_or(COLUMNS) - 1;
    }

    /// Tells what was found, or how it ended.
    pub(super) fn say(&mut self, text: &str) {
        self.end_of_drawing();
        let _ = writeln!(self.out, "{}", plain(text));
    }

    /// Tells what is going on.
    pub(super) fn tell(&mut self, text: &str) {
        self.end_of_drawing();
        let _ = writeln!(self.progress, "{}", plain(text));
    }

    /// Writes the line that shows how far something is over the one before: as much of it as there is room for, since what goes on
    /// in the next line is not written over.
    pub(super) fn draw(&mut self, line: &str) {
        self.is_drawn = true;
        let _ = write!(self.progress, "\r{}\x1b[K", cut(&plain(line).replace('\n', " "), self.width));
        let _ = self.progress.flush();
    }

    /// Ends the line that was drawn, if there is one.
    pub(super) fn end_of_drawing(&mut self) {
        if std::mem::take(&mut self.is_drawn) {
            let _ = writeln!(self.progress);
        }
    }

    /// Whether somebody wants to stop, who is told at once that this is heard.
    pub(super) fn must_stop(&mut self) -> bool {
        let must = self.stop.is_wanted();
        if must {
            self.stop.hear();
            self.tell("cancelling; once more ends this command at once, and what is begun goes on");
        }
        must
    }

    /// Whether somebody has wanted to stop before.
    pub(super) fn was_stopped(&self) -> bool {
        self.stop.is_heard()
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

/// The beginning of a line that has room in so many columns. What is not plain Latin may take two of them.
fn cut(line: &str, columns: usize) -> &str {
    let mut taken = 0;
    let end = line.char_indices().find(|(_, char)| {
        taken += if char.is_ascii() { 1 } else { 2 };
        taken > columns
    });
    end.and_then(|(at, _)| line.get(..at)).unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(work: impl FnOnce(&mut Screen<'_>)) -> String {
        let (mut out, mut progress) = (Vec::new(), Vec::new());
        let mut answers: &[u8] = b"yes\nperhaps\n";
        let mut screen = Screen::new(&mut out, &mut progress, &mut answers);
        (screen.can_ask, screen.can_draw) = (true, true);
        work(&mut screen);
        String::from_utf8([out, progress].concat()).unwrap()
    }

    #[test]
    fn what_a_file_says_commands_no_terminal() {
        assert_eq!(shown(|screen| screen.say("a\x1b[2Jb\u{202e}c\td")), "a [2Jb c d\n");
        assert_eq!(shown(|screen| screen.draw("a\rb")), "\ra b\x1b[K");
    }

    #[test]
    fn what_is_told_begins_behind_the_line_that_was_drawn() {
        let told = shown(|screen| {
            screen.draw("half");
            screen.tell("busy\x1b[2J; trying again");
            screen.tell("once more");
        });
        assert_eq!(told, "\rhalf\x1b[K\nbusy [2J; trying again\nonce more\n");
    }

    #[test]
    fn a_line_that_is_drawn_has_room_in_the_terminal() {
        let drawn = |columns: Option<&str>| {
            shown(|screen| {
                screen.fit(columns);
                screen.draw(&"x".repeat(300));
            })
        };
        let wide = |columns: usize| format!("\r{}\x1b[K", "x".repeat(columns));
        assert_eq!([drawn(None), drawn(Some("no")), drawn(Some("0"))], [wide(79), wide(79), wide(79)]);
        assert_eq!(drawn(Some("120")), wide(119));
        assert_eq!([cut("ab東京c", 5), cut("ab東京c", 6), cut("", 0)], ["ab東", "ab東京", ""]);
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
