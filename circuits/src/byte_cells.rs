//! [`ByteCells`]: 8-bit cells that a column owns, or shares with whoever else holds them.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// 8-bit signed cells from row 0 on.
///
/// Clones of shared cells share them, a mapped file's for instance; those of own cells copy them. Shared cells that are written
/// to become a column's own.
#[derive(Clone, Default)]
pub struct ByteCells {
    /// Empty where they are shared.
    own: Vec<i8>,
    shared: Option<Arc<dyn AsRef<[i8]> + Send + Sync>>,
}

impl ByteCells {
    /// Cells left where they are. `cells` must give the same slice every time.
    pub fn shared(cells: Arc<dyn AsRef<[i8]> + Send + Sync>) -> Self {
        Self { own: Vec::new(), shared: Some(cells) }
    }

    /// The cells.
    pub fn as_slice(&self) -> &[i8] {
        self.shared.as_ref().map_or(&self.own, |cells| (**cells).as_ref())
    }

    /// Makes clones share the cells from now on.
    pub(crate) fn share(&mut self) {
        if self.shared.is_none() {
            *self = Self::shared(Arc::new(std::mem::take(&mut self.own)));
        }
    }

    /// The cells for writing, copied first where they are shared.
    pub(crate) fn to_mut(&mut self) -> &mut Vec<i8> {
        if let Some(cells) = self.shared.take() {
            self.own = (*cells).as_ref().to_vec();
        }
        &mut self.own
    }
}

impl Deref for ByteCells {
    type Target = [i8];

    fn deref(&self) -> &[i8] {
        self.as_slice()
    }
}

impl From<Vec<i8>> for ByteCells {
    fn from(cells: Vec<i8>) -> Self {
        Self { own: cells, shared: None }
    }
}

impl PartialEq for ByteCells {
    fn eq(&self, other: &Self) -> bool {
        self.as_slice() == other.as_slice()
    }
}

impl Eq for ByteCells {}

impl fmt::Debug for ByteCells {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_slice().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_share_what_is_shared_until_they_are_written_to() {
        let mut first = ByteCells::from(vec![1, 2, 3]);
        assert_ne!(first.clone().as_ptr(), first.as_ptr());
        first.share();
        let mut second = first.clone();
        assert_eq!((second.as_ptr(), &second), (first.as_ptr(), &first));
        second.to_mut().push(4);
        assert_eq!((&first[..], &second[..]), (&[1, 2, 3][..], &[1, 2, 3, 4][..]));
        first.share();
        assert_eq!(first, ByteCells::shared(Arc::new([1, 2, 3])));
    }
}
