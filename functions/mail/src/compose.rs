//! A mail as it goes out: headers, and the same text twice, plain and as HTML (RFC 5322, 2045, 2047).

use kernel::{Id, Timestamp, kinds};
use mail_builder::MessageBuilder;
use mail_builder::headers::address::Address;
use mail_builder::headers::date::Date;
use mail_builder::headers::raw::Raw;

use crate::template::Texts;

/// A mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Letter {
    /// What it is about. Its `Message-ID` follows from that, so that a mail that is sent again has the same one.
    pub(crate) id: Id<kinds::Event>,
    /// When it is written.
    pub(crate) at: Timestamp,
    /// What the sender is called.
    pub(crate) sender_name: String,
    /// The sender's address.
    pub(crate) from: String,
    /// What the recipient is called, if that is known.
    pub(crate) to_name: Option<String>,
    /// The recipient's address.
    pub(crate) to: String,
    /// What it says.
    pub(crate) texts: Texts,
}

/// Why a mail cannot be sent to anybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unsendable {
    /// The recipient's address is none that SES sends to: it takes ASCII only.
    Recipient,
    /// The sender's address is none.
    Sender,
}

impl std::fmt::Display for Unsendable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Recipient => "RecipientIsNoAddress",
            Self::Sender => "SenderIsNoAddress",
        })
    }
}
impl std::error::Error for Unsendable {}

impl Letter {
    /// The whole message.
    ///
    /// # Errors
    /// When it is to nobody, or from nobody.
    pub(crate) fn message(&self) -> Result<Vec<u8>, Unsendable> {
        let domain = domain(&self.from).ok_or(Unsendable::Sender)?;
        domain_of_recipient(&self.to)?;
        let message_id = format!("{}@{domain}", self.id);
        let message = MessageBuilder::new()
            .from(Address::new_address(Some(self.sender_name.as_str()), self.from.as_str()))
            .to(Address::new_address(self.to_name.as_deref(), self.to.as_str()))
            .subject(self.texts.subject.as_str())
            .date(Date::new(self.at.as_seconds()))
            .message_id(message_id)
            // So that nobody's absence is answered to it (RFC 3834).
            .header("Auto-Submitted", Raw::new("auto-generated"))
            .text_body(self.texts.text.as_str())
            .html_body(self.texts.html.as_str());
        let mut bytes = Vec::new();
        message.serialize(&mut bytes);
        Ok(bytes)
    }
}

fn domain_of_recipient(address: &str) -> Result<(), Unsendable> {
    domain(address).map(|_| ()).ok_or(Unsendable::Recipient)
}

/// The domain of an address that can stand in a header between angle brackets as it is: nothing in it ends it, or begins another.
fn domain(address: &str) -> Option<&str> {
    let (local, domain) = address.rsplit_once('@')?;
    let is_atom = |char: char| char.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(char);
    let is_label =
        |label: &str| !label.is_empty() && label.chars().all(|char| char.is_ascii_alphanumeric() || char == '-');
    let is_good = !local.is_empty() && local.chars().all(is_atom) && domain.split('.').all(is_label);
    is_good.then_some(domain)
}

#[cfg(test)]
mod tests;
