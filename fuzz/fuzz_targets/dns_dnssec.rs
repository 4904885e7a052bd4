//! Validation comes to an end and to a judgement whatever is answered, though every signature fits.

#![no_main]

use dns::dnssec::{Validator, Verdict, Verifier};
use dns::{Message, Name, Question, Rdata, RrType};
use libfuzzer_sys::fuzz_target;

struct Gullible;

impl Verifier for Gullible {
    fn knows(&self, algorithm: u8) -> bool {
        algorithm != 16
    }

    fn verify(&self, _: u8, _: &[u8], _: &[u8], _: &[u8]) -> bool {
        true
    }
}

const NOW: u64 = 1_780_000_000;

fuzz_target!(|input: (Vec<u8>, Vec<Vec<u8>>)| {
    let (answer, others) = input;
    let Ok(answer) = Message::parse(&answer) else { return };
    let Some(question) = answer.question() else { return };
    let question: Question = question.to_question();
    let mut validator = Validator::new(Gullible);
    // Any key will do: it is told what it is to trust by what comes first.
    let keys = others.iter().filter_map(|bytes| Message::parse(bytes).ok());
    for key in keys.flat_map(|message| message.answer()).filter(|record| record.rtype() == RrType::DNSKEY) {
        let rdata: Rdata = key.rdata.to_rdata();
        validator.trust(key.owner.to_name(), rdata.clone());
        validator.trust(Name::ROOT, rdata);
    }
    let mut asked = 0;
    let mut others = others.iter().cycle();
    while let Verdict::Need(first) = validator.judge(&question, &answer, NOW) {
        asked += 1;
        assert!(asked <= 2 * (1 + question.name.label_count() + 127), "{first}");
        let reply = others.next().map(|bytes| Message::parse(bytes));
        match reply {
            Some(Ok(reply)) if asked % 7 != 0 => validator.learn(&first, &reply, NOW),
            _ => validator.unknown(&first, NOW),
        }
    }
});
