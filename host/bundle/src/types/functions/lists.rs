//! Functions of lists.

use super::*;

pub(super) const FUNCTIONS: &[Function] = &[
    total(
        &[method("distinct", LIST, &[], LIST)],
        "the list without repeated items, in their first order",
        "[1, 2, 1.0].distinct() == [1, 2]",
    ),
    total(
        &[method("flatten", LIST, &[], LIST)],
        "the list with the items of lists within it in their place, by one level",
        "[[1], 2].flatten() == [1, 2]",
    ),
    partial(
        &[method("max", LIST, &[], ANY)],
        "the greatest of numbers, or of texts",
        "an empty list; items of several kinds",
        "[1, 2.5].max() == 2.5",
    ),
    partial(
        &[method("min", LIST, &[], ANY)],
        "the least of numbers, or of texts",
        "an empty list; items of several kinds",
        "['b', 'a'].min() == 'a'",
    ),
    total(
        &[function("sets.contains", &[LIST, LIST], BOOL)],
        "whether a list holds all items of another",
        "sets.contains([1, 2, 3], [3, 1])",
    ),
    total(
        &[function("sets.equivalent", &[LIST, LIST], BOOL)],
        "whether each of two lists holds all items of the other",
        "sets.equivalent(['a', 'b', 'a'], ['b', 'a'])",
    ),
    total(
        &[function("sets.intersects", &[LIST, LIST], BOOL)],
        "whether two lists have an item in common",
        "sets.intersects([1, 2], [2, 3])",
    ),
    total(
        &[function("size", &[Kinds::SIZED], NUMBER), method("size", Kinds::SIZED, &[], NUMBER)],
        "the number of characters, items, members or octets",
        "size('abc') == 3 && [1].size() == 1",
    ),
    partial(
        &[method("sort", LIST, &[], LIST)],
        "the list in ascending order",
        "items that are not all numbers, all texts or all truth values",
        "[3, 1.5, 2].sort() == [1.5, 2, 3]",
    ),
    partial(
        &[method("sum", LIST, &[], NUMBER)],
        "the sum of a list of numbers; 0 for an empty one",
        "an item that is no number",
        "[1, 0.5].sum() == 1.5",
    ),
];
