//! The words by which a school is found: lower case, without accents, apostrophes and other signs.

use unicode_normalization::UnicodeNormalization;

use super::RegisterSchool;

/// Enough for any name; keeps what a stranger types from becoming a long search.
const MOST_WORDS: usize = 10;

/// The words of `text`.
fn words(text: &str) -> Vec<String> {
    let plain: String = text
        .nfd()
        .flat_map(char::to_lowercase)
        // Taken out, so that "St Mary's" and "St Marys" are the same, and accents, which `nfd` puts behind their letter.
        .filter(|c| !matches!(c, '\'' | '’' | '‘' | '`' | '\u{300}'..='\u{36f}'))
        .collect();
    plain
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(|word| if word == "saint" { "st".to_owned() } else { word.to_owned() })
        .collect()
}

/// What a school is found by. Its name comes first.
pub(super) fn of_school(school: &RegisterSchool) -> String {
    let mut found_by = words(&school.name);
    for text in [&school.town, &school.postcode, &school.local_authority_name].into_iter().flatten() {
        found_by.extend(words(text));
    }
    // People write postcodes with and without the space.
    if let Some(postcode) = &school.postcode {
        found_by.push(words(postcode).concat());
    }
    found_by.push(school.urn.to_string());
    found_by.retain(|word| !word.is_empty());
    found_by.join(" ")
}

/// The words that somebody looks for, each of which may be the beginning of one.
pub(super) fn of_query(text: &str) -> Vec<String> {
    let mut words = words(text);
    words.truncate(MOST_WORDS);
    words
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn people_spell_in_many_ways() {
        for spelling in ["St Mary’s à Becket", "Saint Marys a Becket", "ST. MARY'S, A BECKET"] {
            assert_eq!(of_query(spelling), ["st", "marys", "a", "becket"]);
        }
    }

    proptest! {
        /// The words go into a search expression between quotation marks.
        #[test]
        fn words_hold_nothing_but_letters_and_digits(text: String) {
            let words = of_query(&text);
            prop_assert!(words.len() <= MOST_WORDS);
            prop_assert!(words.iter().all(|word| !word.is_empty() && word.chars().all(char::is_alphanumeric)));
        }
    }
}
