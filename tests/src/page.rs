//! A page as a person reads it.

use scraper::{ElementRef, Html, Selector};

/// A parsed page.
#[derive(Debug)]
pub struct Page {
    /// Its address, without the host.
    pub path: String,
    html: Html,
}

/// A form as it would be sent.
#[derive(Debug, Clone)]
pub struct Form {
    pub action: String,
    pub fields: Vec<(String, String)>,
}

impl Form {
    /// With these fields as typed; each must be in the form.
    pub fn with(mut self, typed: &[(&str, &str)]) -> Self {
        for (name, value) in typed {
            let field = self.fields.iter_mut().find(|(found, _)| found == name);
            let (_, found) = field.unwrap_or_else(|| panic!("{}: no field {name}", self.action));
            (*value).clone_into(found);
        }
        self
    }

    /// Where a browser goes that sends it by GET.
    pub fn address(&self) -> String {
        let path = self.action.split('?').next().unwrap_or_default();
        let url = reqwest::Url::parse_with_params(&format!("http://site.test{path}"), &self.fields).unwrap();
        format!("{path}?{}", url.query().unwrap_or_default())
    }

    /// With this box ticked, which is in the form and was not.
    pub fn ticked(mut self, name: &str, value: &str) -> Self {
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }
}

fn select(css: &str) -> Selector {
    Selector::parse(css).unwrap()
}

/// The text of an element, with single spaces.
fn text(element: ElementRef) -> String {
    let text: String = element.text().collect::<Vec<_>>().join(" ");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl Page {
    pub fn new(path: &str, html: &str) -> Self {
        Self { path: path.to_owned(), html: Html::parse_document(html) }
    }

    /// What `main` says.
    pub fn text(&self) -> String {
        self.texts("main").join(" ")
    }

    /// The text of each element that `css` selects.
    pub fn texts(&self, css: &str) -> Vec<String> {
        self.html.select(&select(css)).map(text).collect()
    }

    /// An attribute of the only element that `css` selects.
    pub fn attribute(&self, css: &str, name: &str) -> String {
        assert_eq!(self.count(css), 1, "{}: {css}", self.path);
        let found = self.html.select(&select(css)).next();
        found.and_then(|element| element.attr(name)).unwrap_or_else(|| panic!("{css}: no {name}")).to_owned()
    }

    /// How many elements `css` selects.
    pub fn count(&self, css: &str) -> usize {
        self.html.select(&select(css)).count()
    }

    /// The addresses of links whose text has `words`.
    pub fn links(&self, words: &str) -> Vec<String> {
        let links = select("a[href]");
        let found = self.html.select(&links).filter(|link| text(*link).contains(words));
        found.map(|link| link.attr("href").unwrap().to_owned()).collect()
    }

    /// The only link whose text has `words`.
    pub fn link(&self, words: &str) -> String {
        let mut links = self.links(words);
        links.dedup();
        assert_eq!(links.len(), 1, "{}: links with “{words}”: {links:?}", self.path);
        links.remove(0)
    }

    /// The POST form whose action ends with `action`, filled as the page shows it.
    pub fn form(&self, action: &str) -> Form {
        let forms = select("form[method=post]");
        let form = self.html.select(&forms).find(|form| self.action(*form).ends_with(action));
        self.filled(form.unwrap_or_else(|| panic!("{}: no form for {action}", self.path)))
    }

    /// The form above its list, filled as the page shows it.
    pub fn filter(&self) -> Form {
        let form = self.html.select(&select("form.filters")).next();
        self.filled(form.unwrap_or_else(|| panic!("{}: no filter", self.path)))
    }

    /// Where a form is sent, without what a GET form puts after it.
    fn action(&self, form: ElementRef) -> String {
        form.attr("action").unwrap_or(&self.path).to_owned()
    }

    fn filled(&self, form: ElementRef) -> Form {
        let controls = select("input[name], select[name], textarea[name], button[name]");
        let fields = form.select(&controls).filter_map(|control| {
            let name = control.attr("name")?.to_owned();
            let kind = control.attr("type").unwrap_or_default();
            let value = match control.value().name() {
                "textarea" => control.text().collect(),
                "select" => {
                    let options = select("option");
                    let chosen = control.select(&options).find(|option| option.attr("selected").is_some());
                    let option = chosen.or_else(|| control.select(&options).next())?;
                    option.attr("value").map_or_else(|| text(option), str::to_owned)
                }
                "button" => return None,
                _ if matches!(kind, "checkbox" | "radio") && control.attr("checked").is_none() => {
                    return None;
                }
                _ if kind == "file" => return None,
                _ => control.attr("value").unwrap_or_default().to_owned(),
            };
            Some((name, value))
        });
        Form { action: self.action(form), fields: fields.collect() }
    }
}
