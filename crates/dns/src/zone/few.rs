//! Lists that mostly have one entry, which then is where the list is: who looks a name up waits for memory once.

use alloc::vec;
use alloc::vec::Vec;
use core::ops::{Deref, DerefMut};

/// One, or as many as there are.
#[derive(Clone, Debug)]
pub(crate) enum Few<T> {
    One(T),
    Many(Vec<T>),
}

impl<T> Few<T> {
    pub(crate) const NONE: Few<T> = Few::Many(Vec::new());

    pub(crate) fn push(&mut self, item: T) {
        *self = match core::mem::replace(self, Few::NONE) {
            Few::One(first) => Few::Many(vec![first, item]),
            Few::Many(list) if list.capacity() == 0 => Few::One(item),
            Few::Many(mut list) => {
                list.push(item);
                Few::Many(list)
            }
        };
    }

    pub(crate) fn retain(&mut self, mut keep: impl FnMut(&T) -> bool) {
        match self {
            Few::One(item) if keep(item) => {}
            Few::One(_) => *self = Few::NONE,
            Few::Many(list) => list.retain(keep),
        }
    }
}

impl<T: PartialEq> Few<T> {
    pub(crate) fn dedup(&mut self) {
        if let Few::Many(list) = self {
            list.dedup();
        }
    }
}

impl<T> Deref for Few<T> {
    type Target = [T];

    #[inline]
    fn deref(&self) -> &[T] {
        match self {
            Few::One(item) => core::slice::from_ref(item),
            Few::Many(list) => list,
        }
    }
}

impl<T> DerefMut for Few<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        match self {
            Few::One(item) => core::slice::from_mut(item),
            Few::Many(list) => list,
        }
    }
}

impl<'a, T> IntoIterator for &'a mut Few<T> {
    type Item = &'a mut T;
    type IntoIter = core::slice::IterMut<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter_mut()
    }
}

impl<T: PartialEq> PartialEq for Few<T> {
    fn eq(&self, other: &Few<T>) -> bool {
        **self == **other
    }
}

impl<T: Eq> Eq for Few<T> {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_are_a_list_like_any_other() {
        let (mut few, mut list) = (Few::NONE, vec![]);
        for step in 0..60 {
            if step % 7 < 3 {
                few.push(step);
                list.push(step);
            } else {
                few.retain(|item| (item + step) % 3 > 0);
                list.retain(|item| (item + step) % 3 > 0);
            }
            assert_eq!(*few, *list);
        }
        let mut twice = Few::One(1);
        twice.push(1);
        assert_ne!(twice, Few::One(1));
        twice.dedup();
        assert_eq!(twice, Few::One(1));
    }
}
