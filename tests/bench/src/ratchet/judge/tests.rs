use std::collections::BTreeMap;
use std::fs;

use super::*;

/// What the folder of figures has, by the names in it.
type Files = BTreeMap<&'static str, &'static str>;

const FIGURES: [(&str, u64, u32); 2] = [("native/some", 1000, 2), ("size/other", 200, 5)];

struct Case {
    what: &'static str,
    /// The files before.
    before: &'static [(&'static str, &'static str)],
    blessing: Option<Blessing>,
    /// What every fault, in order, has in it.
    faults: &'static [&'static [&'static str]],
    /// The files that differ afterwards.
    after: &'static [(&'static str, &'static str)],
}

fn bless(reason: Option<&str>) -> Option<Blessing> {
    Some(Blessing { reason: reason.map(str::to_owned) })
}

const OTHER: (&str, &str) = ("size/other.txt", "200 bytes\n");

fn cases() -> Vec<Case> {
    let case = |what, before, blessing, faults, after| Case { what, before, blessing, faults, after };
    vec![
        case("equal", &[("native/some.txt", "1000 bytes\n"), OTHER], None, &[], &[]),
        case("more, and no more than it may be", &[("native/some.txt", "981 bytes\n"), OTHER], None, &[], &[]),
        case("less, and no less than it may be", &[("native/some.txt", "1020 bytes\n"), OTHER], None, &[], &[]),
        case(
            "worse",
            &[("native/some.txt", "980 bytes\n"), OTHER],
            None,
            &[&["native/some rose by 2.04 %, from 980 to 1000 bytes", "may by 2 %", "BLESS=1 REASON='why' make count"]],
            &[],
        ),
        case(
            "better",
            &[("native/some.txt", "1021 bytes\n"), OTHER],
            None,
            &[&["native/some fell by 2.06 %, from 1021 to 1000 bytes", ": BLESS=1 make count"]],
            &[],
        ),
        case(
            "what may differ by 5 % does, what may by 2 % does not",
            &[("native/some.txt", "960 bytes\n"), ("size/other.txt", "192 bytes\n")],
            None,
            &[&["native/some rose by 4.17 %"]],
            &[],
        ),
        case("a missing file", &[OTHER], None, &[&["native/some is new", "BLESS=1 make count"]], &[]),
        case(
            "a file without a number",
            &[("native/some.txt", "many bytes\n"), OTHER],
            None,
            &[&["native/some.txt is no figure", "\"many bytes\"", "a number and `bytes`"]],
            &[],
        ),
        case("an empty file", &[("native/some.txt", ""), OTHER], None, &[&["native/some.txt is no figure"]], &[]),
        case(
            "a file in another unit",
            &[("native/some.txt", "1000 instructions\n"), OTHER],
            None,
            &[&["native/some.txt is no figure"]],
            &[],
        ),
        case(
            "a file that belongs to nothing",
            &[("native/some.txt", "1000 bytes\n"), ("native/gone.txt", "7 bytes\n"), OTHER],
            None,
            &[&["native/gone.txt belongs to no figure"]],
            &[],
        ),
        case(
            "a better figure is blessed, and reasons stay",
            &[("native/some.txt", "2000 bytes\nraised from 500: it does more\n"), OTHER],
            bless(None),
            &[],
            &[("native/some.txt", "1000 bytes\nraised from 500: it does more\n")],
        ),
        case("a new figure is blessed", &[OTHER], bless(None), &[], &[("native/some.txt", "1000 bytes\n")]),
        case(
            "a worse figure is not blessed without a reason, and nothing else is then",
            &[("native/some.txt", "500 bytes\n"), ("size/other.txt", "400 bytes\n")],
            bless(None),
            &[&["native/some rose by 100.00 %", "with the reason only", "REASON='why'"]],
            &[],
        ),
        case(
            "a worse figure is blessed with its reason, which is kept",
            &[("native/some.txt", "500 bytes\nraised from 400: it was right\n"), ("size/other.txt", "400 bytes\n")],
            bless(Some("it checks more")),
            &[],
            &[
                ("native/some.txt", "1000 bytes\nraised from 400: it was right\nraised from 500: it checks more\n"),
                ("size/other.txt", "200 bytes\n"),
            ],
        ),
        case(
            "what differs by no more than it may is not blessed: small steps would add up",
            &[("native/some.txt", "985 bytes\n"), OTHER],
            bless(Some("it does not matter")),
            &[],
            &[],
        ),
        case(
            "what is no figure is not overwritten",
            &[("native/some.txt", "many bytes\n"), ("size/other.txt", "400 bytes\n")],
            bless(Some("any")),
            &[&["native/some.txt is no figure"]],
            &[],
        ),
        case(
            "a blessing deletes nothing",
            &[("native/some.txt", "2000 bytes\n"), ("gone.txt", "7 bytes\n"), OTHER],
            bless(None),
            &[&["gone.txt belongs to no figure"]],
            &[],
        ),
        case("nothing at all", &[], None, &[&["native/some is new"], &["size/other is new"]], &[]),
    ]
}

fn figures() -> Vec<Figure> {
    let figure =
        |(name, value, tolerance): (&str, _, _)| Figure { name: name.to_owned(), value, unit: "bytes", tolerance };
    FIGURES.into_iter().map(figure).collect()
}

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("it has one")).expect("it is made");
        fs::write(path, text).expect("it is written");
    }
    folder
}

#[test]
fn figures_are_judged_and_blessed() {
    for Case { what, before, blessing, faults, after } in cases() {
        let folder = folder(before);
        let judgement = judge(folder.path(), &figures(), true, blessing.as_ref()).expect("the folder is readable");
        assert_eq!(judgement.faults.len(), faults.len(), "{what}: {:?}", judgement.faults);
        for (fault, parts) in judgement.faults.iter().zip(faults) {
            assert!(parts.iter().all(|part| fault.contains(part)), "{what}: {fault:?} has not all of {parts:?}");
        }
        assert_eq!(judgement.table.len(), FIGURES.len(), "{what}");
        let blessed: Vec<String> = after.iter().map(|(name, _)| name.replace(".txt", "")).collect();
        assert_eq!(judgement.blessed, blessed, "{what}");
        let expected: Files = before.iter().chain(after).copied().collect();
        for (name, text) in &expected {
            assert_eq!(fs::read_to_string(folder.path().join(name)).ok().as_deref(), Some(*text), "{what}: {name}");
        }
        let strange = files::strange(folder.path(), &[]).expect("the folder is readable");
        assert_eq!(strange.len(), expected.len(), "{what}: {strange:?}");
    }
}

#[test]
fn of_some_figures_the_files_of_others_are_left_alone() {
    let folder = folder(&[("native/some.txt", "1000 bytes\n"), OTHER]);
    let some = &figures()[..1];
    let judgement = judge(folder.path(), some, false, None).expect("the folder is readable");
    assert_eq!(judgement.faults, Vec::<String>::new());
    let judgement = judge(folder.path(), some, true, None).expect("the folder is readable");
    assert_eq!(judgement.faults.len(), 1, "as all that there are: {:?}", judgement.faults);
}

#[test]
fn a_file_that_cannot_be_read_is_no_missing_one() {
    let folder = folder(&[OTHER]);
    fs::create_dir_all(folder.path().join("native/some.txt")).expect("it is made");
    let judgement = judge(folder.path(), &figures(), false, bless(None).as_ref()).expect("the folder is readable");
    assert!(judgement.faults[0].contains("native/some.txt is no figure"), "{:?}", judgement.faults);
    assert_eq!(judgement.blessed, Vec::<String>::new());
}
