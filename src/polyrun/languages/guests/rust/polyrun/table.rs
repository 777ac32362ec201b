//! Tables.

use crate::builder::{Builder, ColumnItem};
use crate::column::{Cell, ColumnOf, Part, ReadColumn};
use crate::outbox::{create, unwritten, Writer};
use crate::wire::{Reader, TABLE};
use crate::{fail, inbox, Error, Export, Import, Result};
use std::borrow::Cow;
use std::io::{Seek, SeekFrom, Write};

type Bytes = Cow<'static, [u8]>;

/// A column in the bytes that a table file has for it.
#[derive(Clone, PartialEq)]
pub(crate) struct Raw {
    pub name: String,
    pub kind: String,
    pub validity: Option<Bytes>,
    pub data: Bytes,
    pub offsets: Option<Bytes>,
}

/// Columns of one length. `polyrun::Table::new().add("id", &ids).add("name", &names)` makes one; columns of `Option`s
/// have nulls.
#[derive(Clone, PartialEq, Default)]
pub struct Table {
    rows: usize,
    columns: Vec<Raw>,
}

impl Table {
    pub fn new() -> Table {
        Table::default()
    }

    /// This table with one more column. Panics if it has another length than those before, or the name of one of them.
    #[track_caller]
    pub fn add<I>(mut self, name: &str, items: I) -> Table
    where
        I: IntoIterator,
        I::Item: ColumnItem,
    {
        let mut builder = Builder::default();
        for item in items {
            builder.push(Some(&item));
        }
        if self.columns.is_empty() {
            self.rows = builder.rows();
        }
        let rows = builder.rows();
        assert!(rows == self.rows, "column `{}` has {} rows, the others have {}", name, rows, self.rows);
        assert!(self.names().all(|other| other != name), "two columns are called `{}`", name);
        match builder.finish::<I::Item>(name) {
            Ok(column) => self.columns.push(column),
            Err(error) => panic!("column `{}`: {}", name, error),
        }
        self
    }

    /// How many rows it has.
    pub fn len(&self) -> usize {
        self.rows
    }

    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|column| column.name.as_str())
    }

    /// A column of an imported table, by its own name.
    pub fn column<T: Cell>(&self, name: &str) -> Result<ColumnOf<T>> {
        match self.names().position(|other| other == name) {
            Some(position) => self.part(position),
            None => fail(format!("the table has no column `{}`", name)),
        }
    }

    #[doc(hidden)]
    pub fn part<C: ReadColumn>(&self, position: usize) -> Result<C> {
        let raw = match self.columns.get(position) {
            Some(raw) => raw,
            None => return fail("the table has too few columns"),
        };
        let read = Part::of(raw, self.rows).and_then(C::of);
        read.map_err(|error| Error::new(format!("column `{}`: {}", raw.name, error)))
    }
}

impl std::fmt::Debug for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let columns: Vec<String> = self.columns.iter().map(|one| format!("{}: {}", one.name, one.kind)).collect();
        write!(f, "Table({} rows, {})", self.rows, columns.join(", "))
    }
}

impl Import for Table {
    fn read(from: &mut Reader) -> Result<Table> {
        from.tag(TABLE, "a table")?;
        from.list()?;
        let rows = from.size()?;
        let mut columns = Vec::new();
        for _ in 0..from.list()? {
            from.list()?;
            let (name, kind) = (from.text()?.to_string(), from.text()?.to_string());
            let optional = |from: &mut Reader| Ok(if from.null()? { None } else { Some(bytes(from)?) });
            let validity = optional(from)?;
            let data = bytes(from)?;
            columns.push(Raw { name, kind, validity, data, offsets: optional(from)? });
        }
        Ok(Table { rows, columns })
    }
}

fn bytes(from: &mut Reader) -> Result<Bytes> {
    Ok(Cow::Borrowed(inbox::part(&from.place()?)?))
}

impl Export for Table {
    fn write(&self, out: &mut Writer) -> Result<()> {
        out.head(6, TABLE);
        out.head(4, 2);
        out.head(0, self.rows as u64);
        out.head(4, self.columns.len() as u64);
        if self.columns.is_empty() {
            return Ok(());
        }
        let (file, mut to) = create(".arrow")?;
        let room: usize = self.columns.iter().map(|column| 512 + column.name.len()).sum();
        let mut at = (2048 + room + 4095) / 4096 * 4096;
        for column in &self.columns {
            out.head(4, 5);
            out.text(&column.name);
            out.text(&column.kind);
            for part in [column.validity.as_ref(), Some(&column.data), column.offsets.as_ref()] {
                let bytes = match part {
                    Some(bytes) => bytes,
                    None => {
                        out.null();
                        continue;
                    }
                };
                at = (at + 63) / 64 * 64;
                to.seek(SeekFrom::Start(at as u64)).and_then(|_| to.write_all(bytes)).map_err(unwritten)?;
                out.place(&file, at, bytes.len());
                at += bytes.len();
            }
        }
        to.set_len(at as u64).map_err(unwritten)
    }
}
