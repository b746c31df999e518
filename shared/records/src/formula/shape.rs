//! What the arguments of a function may be, and which type it gives for them.

use super::ValueType;

/// What one argument may be.
#[derive(Debug, Clone, Copy)]
pub(super) enum Accepts {
    /// Any of these types.
    OneOf(&'static [ValueType]),
    /// Any of these types, and the same for all such arguments of a call.
    Alike(&'static [ValueType]),
    /// The same, for those that are compared and not given.
    Matching(&'static [ValueType]),
}

impl Accepts {
    pub(super) const fn types(self) -> &'static [ValueType] {
        let (Self::OneOf(types) | Self::Alike(types) | Self::Matching(types)) = self;
        types
    }
}

/// The type of what a call gives.
#[derive(Debug, Clone, Copy)]
pub(super) enum Gives {
    Always(ValueType),
    /// The type of the arguments that are alike.
    Alike,
}

/// The arguments of a call in order.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    required: &'static [Accepts],
    /// May follow any number of times, always all of them.
    repeated: &'static [Accepts],
    /// May stand at the end.
    optional: Option<Accepts>,
    pub(super) gives: Gives,
}

impl Shape {
    /// These may follow, any number of times.
    pub(super) const fn repeating(self, repeated: &'static [Accepts]) -> Self {
        Self { repeated, ..self }
    }

    /// This may stand at the end.
    pub(super) const fn then(self, optional: Accepts) -> Self {
        Self { optional: Some(optional), ..self }
    }

    /// What so many arguments must be, in order; `None` if there cannot be so many.
    pub(super) fn places(self, count: usize) -> Option<impl Iterator<Item = Accepts>> {
        let more = count.checked_sub(self.required.len())?;
        let (groups, rest) = match self.repeated.len() {
            0 => (0, more),
            group => (more / group, more % group),
        };
        let optional = self.optional.filter(|_| rest == 1);
        (rest == 0 || optional.is_some()).then(|| {
            let repeated = self.repeated.iter().copied().cycle().take(groups * self.repeated.len());
            self.required.iter().copied().chain(repeated).chain(optional)
        })
    }
}

/// Exactly these arguments, for which a call gives always this type.
pub(super) const fn gives(value_type: ValueType, required: &'static [Accepts]) -> Shape {
    Shape { required, repeated: &[], optional: None, gives: Gives::Always(value_type) }
}

/// Exactly these arguments, for which a call gives the type of those that are alike.
pub(super) const fn gives_alike(required: &'static [Accepts]) -> Shape {
    Shape { required, repeated: &[], optional: None, gives: Gives::Alike }
}
