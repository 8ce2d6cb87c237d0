"""The persons of the world: names fitting their country, employer, title, telephones, addresses of their own."""

from __future__ import annotations

import numpy as np
import polars as pl

from sandbox.generator import tables, text
from sandbox.generator.chance import Chance, Ints
from sandbox.generator.companies import MAIL_STYLES

# Languages whose given names are often two: how often, and what joins them.
_DOUBLE_GIVEN = {
    "fr": (0.09, "-"),
    "de": (0.03, "-"),
    "es": (0.2, " "),
    "pt": (0.18, " "),
    "en": (0.015, "-"),
    "it": (0.02, " "),
}
_DOUBLE_FAMILY = {
    "es": (0.42, " "),
    "pt": (0.35, " "),
    "en": (0.02, "-"),
    "gb": (0.04, "-"),
    "de": (0.025, "-"),
    "fr": (0.015, "-"),
}
FREE_MAIL = {
    "gmail.com": 50,
    "yahoo.com": 9,
    "outlook.com": 9,
    "hotmail.com": 10,
    "icloud.com": 5,
    "gmx.de": 4,
    "web.de": 3,
    "aol.com": 2,
    "orange.fr": 2,
    "wanadoo.fr": 1,
    "libero.it": 2,
    "wp.pl": 1.5,
    "qq.com": 1.5,
    "yahoo.co.uk": 2,
    "btinternet.com": 1,
    "uol.com.br": 1,
    "ziggo.nl": 0.5,
    "telia.com": 0.5,
    "protonmail.com": 1.5,
}
_TITLE_LANGUAGE = {
    "DE": "de",
    "AT": "de",
    "CH": "de",
    "FR": "fr",
    "ES": "es",
    "MX": "es",
    "IT": "it",
    "NL": "nl",
    "SE": "sv",
    "PL": "pl",
    "PT": "pt",
    "BR": "pt",
    "TR": "tr",
}


def born(n: int, companies: pl.DataFrame, chance: Chance) -> pl.DataFrame:
    """One row per person; the row number is the person's name in the whole generator.

    company: the employer; next_company: a later one (null for most). given, family as written in the CRM's
    language of business (some in their own script); given_key, family_key as in an address. work_area and
    work_number, mobile_area and mobile_number: national digits without trunk prefix. family_of, namesake_of: the
    person whose surname (and telephone), or whole name, this one has.
    """
    company = _employers(n, companies, chance.of("employer"))
    country = companies["country"].to_numpy()[company]
    language, native = _languages(country, chance.of("language"))
    woman = chance.of("woman").hits(0.44, n)
    given, given_second = _given(language, woman, chance.of("given"))
    family, family_second = _family(language, woman, chance.of("family"))
    frame = pl.DataFrame(
        {
            "company": company,
            "country": country,
            "language": language,
            "native": native,
            "woman": woman,
            "given_row": given,
            "given_second": given_second,
            "family_row": family,
            "family_second": family_second,
        }
    )
    frame = _related(frame, companies, chance.of("related"))
    frame = frame.with_columns(_names(frame))
    frame = frame.with_columns(_jobs(frame["country"].to_numpy(), chance.of("job")))
    frame = frame.with_columns(_phones(frame, companies, chance.of("phone")))
    return frame.with_columns(
        *_addresses(frame, companies, chance.of("mail")), _next_company(frame, companies, chance.of("next"))
    )


def _employers(n: int, companies: pl.DataFrame, chance: Chance) -> Ints:
    """Large companies have more people in a CRM, but far fewer than in proportion to their size."""
    return chance.pick(companies["employees"].to_numpy().astype(np.float64) ** 0.55, n)


def _languages(country: Ints, chance: Chance) -> tuple[pl.Series, Ints]:
    """The language of each name, by the mix of the country, and whether it is written in its own script."""
    language = np.zeros(len(country), dtype=np.int64)
    options: list[str] = []
    for c, mix in enumerate(tables.countries()["languages"]):
        pairs = [item.split(":") for item in mix.split(",")]
        of_country = np.flatnonzero(country == c)
        language[of_country] = len(options) + chance.of(str(c)).pick([float(w) for _, w in pairs], len(of_country))
        options += [name for name, _ in pairs]
    words = pl.Series([name.removesuffix("_native") for name in options])
    native = np.array([name.endswith("_native") for name in options])
    return words.gather(language), native[language].astype(np.int64)


def _given(language: pl.Series, woman: np.ndarray, chance: Chance) -> tuple[Ints, Ints]:
    first = np.zeros(len(language), dtype=np.int64)
    second = np.full(len(language), -1, dtype=np.int64)
    for lang in sorted(set(language.unique().to_list())):
        for part, flag in (("m", False), ("f", True)):
            at = np.flatnonzero((language == lang).to_numpy() & (woman == flag))
            listed, draw = tables.names().of(lang, part), chance.of(f"{lang}{part}")
            first[at] = listed.rows[draw.of("first").pick(listed.weights, len(at))]
            share, _ = _DOUBLE_GIVEN.get(lang, (0.0, ""))
            more = draw.of("which").some(at, share)
            second[more] = listed.rows[draw.of("second").pick(listed.weights, len(more))]
    return first, np.where(second == first, -1, second)


def _family(language: pl.Series, woman: np.ndarray, chance: Chance) -> tuple[Ints, Ints]:
    first = np.zeros(len(language), dtype=np.int64)
    second = np.full(len(language), -1, dtype=np.int64)
    for lang in sorted(set(language.unique().to_list())):
        for part, flag in (("family_m", False), ("family_f", True)):
            at = np.flatnonzero((language == lang).to_numpy() & (woman == flag))
            listed, draw = tables.names().of(lang, part), chance.of(f"{lang}{part}")
            first[at] = listed.rows[draw.of("first").pick(listed.weights, len(at))]
            share, _ = _DOUBLE_FAMILY.get(lang, (0.0, ""))
            more = draw.of("which").some(at, share)
            second[more] = listed.rows[draw.of("second").pick(listed.weights, len(more))]
    return first, np.where(second == first, -1, second)


def _related(frame: pl.DataFrame, companies: pl.DataFrame, chance: Chance) -> pl.DataFrame:
    """Plant relatives at one company and namesakes: both are other people than the one they resemble."""
    n = len(frame)
    people = np.arange(n)
    company, country = frame["company"].to_numpy().copy(), frame["country"].to_numpy().copy()
    columns = {
        name: frame[name].to_numpy().copy()
        for name in ("given_row", "given_second", "family_row", "family_second", "native")
    }
    language = frame["language"]
    family_of, namesake_of = np.full(n, -1), np.full(n, -1)
    for kind, share in (("family", 0.008), ("namesake", 0.006)):
        draw = chance.of(kind)
        later = draw.of("who").some(people[n // 2 :], share * 2)
        model = draw.of("model").below(max(n // 2, 1), len(later))
        # Namesakes: a third sits in the same company; relatives always do.
        same = np.ones(len(later), dtype=bool) if kind == "family" else draw.of("same").hits(0.35, len(later))
        moved = later[same]
        company[moved], country[moved] = company[model[same]], country[model[same]]
        copied = ("family_row", "family_second", "native") if kind == "family" else tuple(columns)
        for name in copied:
            columns[name][later] = columns[name][model]
        if kind == "family":
            # Half of them share a language, so that given names fit; the rest married in.
            family_of[later] = model
        else:
            namesake_of[later] = model
            language = language.gather(_moved(people, later, model))
    family_of = np.where(namesake_of >= 0, -1, family_of)
    return frame.with_columns(
        pl.Series("company", company),
        pl.Series("country", country),
        language.alias("language"),
        *(pl.Series(name, values) for name, values in columns.items()),
        pl.Series("family_of", family_of).replace(-1, None),
        pl.Series("namesake_of", namesake_of).replace(-1, None),
    )


def _moved(rows: Ints, at: Ints, source: Ints) -> Ints:
    moved = rows.copy()
    moved[at] = source
    return moved


def _names(frame: pl.DataFrame) -> list[pl.Series]:
    table = tables.names().table
    native = pl.Series(frame["native"].to_numpy() == 1)
    joints = pl.DataFrame({"language": frame["language"]}).select(
        given=pl.col("language").replace_strict({k: v[1] for k, v in _DOUBLE_GIVEN.items()}, default=" "),
        family=pl.col("language").replace_strict({k: v[1] for k, v in _DOUBLE_FAMILY.items()}, default=" "),
    )
    keeps_script = frame["language"].is_in(["zh", "ja", "ru", "uk"])
    out = []
    for part in ("given", "family"):
        row, second = frame[f"{part}_row"].to_numpy(), frame[f"{part}_second"]
        more = second.replace(-1, None)
        latin_only = keeps_script & ~native
        for column, name in (("name", part), ("key", f"{part}_key")):
            if column == "name":
                one = table["name"].gather(row).zip_with(~latin_only, table["latin"].gather(row))
                two = table["name"].gather(more)
                joint = joints[part]
            else:
                one, two, joint = table["key"].gather(row), table["key"].gather(more), pl.Series([""])
            parts = pl.DataFrame({"one": one, "two": two}).with_columns(
                joint.alias("joint") if len(joint) > 1 or len(one) == 1 else pl.lit("").alias("joint")
            )
            whole = pl.when(pl.col("two").is_null()).then("one").otherwise(pl.concat_str("one", "joint", "two"))
            if column == "key":
                # People with two surnames mostly write one of them in their address.
                whole = pl.col("one")
            out.append(parts.select(whole.alias(name)).to_series())
    return out


def _jobs(country: Ints, chance: Chance) -> list[pl.Series]:
    titles = tables.titles().with_row_index("row")
    iso = tables.countries()["iso2"].to_list()
    rows = np.zeros(len(country), dtype=np.int64)
    # In countries of other languages every third title is English all the same.
    english = chance.of("english").hits(0.35, len(country))
    for c, code in enumerate(iso):
        language = _TITLE_LANGUAGE.get(code, "en")
        for lang, flag in ((language, False), ("en", True)):
            at = np.flatnonzero((country == c) & (english == flag))
            listed = titles.filter(pl.col("language") == lang)
            share = listed.select(pl.col("weight") / pl.len().over("level")).to_series()
            rows[at] = listed["row"].to_numpy()[chance.of(f"{code}{flag}").pick(share.to_numpy(), len(at))]
    return [titles["title"].gather(rows), titles["department"].gather(rows), titles["level"].gather(rows)]


def _phones(frame: pl.DataFrame, companies: pl.DataFrame, chance: Chance) -> pl.DataFrame:
    n = len(frame)
    company, country = frame["company"].to_numpy(), frame["country"].to_numpy()
    main = companies["phone_number"].gather(company)
    block = companies["block"].to_numpy()[company]
    tail = text.padded(chance.of("line").below(10 ** np.maximum(block, 0), n), 3)
    parts = pl.DataFrame({"main": main, "block": pl.Series(block), "tail": tail})
    line = parts.select(
        pl.when(pl.col("block") == 0)
        .then("main")
        .otherwise(pl.concat_str(pl.col("main").str.head(-pl.col("block")), pl.col("tail").str.tail(pl.col("block"))))
        .alias("work_number")
    )
    area = companies["phone_area"].gather(company)
    mobile = _mobiles(country, companies["place"].to_numpy()[company], area, chance.of("mobile"))
    out = pl.DataFrame({"work_area": area, "work_number": line["work_number"]}).hstack(mobile)
    # Relatives at one company sit at one telephone.
    source = np.arange(n)
    kin = np.flatnonzero(frame["family_of"].is_not_null().to_numpy())
    source[kin] = frame["family_of"].to_numpy()[kin].astype(np.int64)
    return out.with_columns(out["work_number"].gather(source), out["work_area"].gather(source))


def _mobiles(country: Ints, place: Ints, area: pl.Series, chance: Chance) -> pl.DataFrame:
    templates, prefixes, start, size = [], [], [], []
    for listed in tables.countries()["mobile"]:
        start.append(len(templates))
        for item in [] if listed == "same" else listed.split(","):
            prefix, template = item.split(":")
            prefixes.append("" if prefix == "area9" else prefix)
            templates.append(("9" if prefix == "area9" else "") + template)
        size.append(len(templates) - start[-1])
    same = np.array(size)[country] == 0
    rows = np.minimum(
        np.array(start)[country] + chance.of("which").below(np.array(size)[country], len(country)), len(templates) - 1
    )
    number = text.digits(pl.Series(templates), rows, chance.of("digits"))
    prefix = pl.Series(prefixes).gather(rows)
    prefix = text.when((prefix == "").to_numpy() | same, area, prefix)
    fixed = text.digits(tables.places()["subscriber"], place, chance.of("same"))
    return pl.DataFrame({"mobile_area": prefix, "mobile_number": text.when(same, fixed, number)})


def local_parts(given: pl.Series, family: pl.Series, style: Ints) -> pl.Series:
    """Left parts of addresses from the keys of names, each in the style of its row (see `MAIL_STYLES`)."""
    frame = pl.DataFrame({"g": given, "f": family, "s": style})
    names = list(MAIL_STYLES)
    g, f, s, initial = pl.col("g"), pl.col("f"), pl.col("s"), pl.col("g").str.head(1)
    dot, line = pl.lit("."), pl.lit("_")
    forms = {
        "first.last": pl.concat_str(g, dot, f),
        "flast": pl.concat_str(initial, f),
        "first": g,
        "firstl": pl.concat_str(g, f.str.head(1)),
        "last": f,
        "first_last": pl.concat_str(g, line, f),
        "f.last": pl.concat_str(initial, dot, f),
        "last.first": pl.concat_str(f, dot, g),
        "firstlast": pl.concat_str(g, f),
    }
    expr = pl.when(s == 0).then(forms[names[0]])
    for code, name in enumerate(names[1:], start=1):
        expr = expr.when(s == code).then(forms[name])
    return frame.select(
        expr.otherwise(forms["first.last"]).str.slice(0, 40).str.strip_chars(".").alias("local")
    ).to_series()


def company_addresses(given: pl.Series, family: pl.Series, company: pl.Series, companies: pl.DataFrame) -> pl.Series:
    """Addresses at the company's domain, one person each: the second John Smith is john.smith2. Null without domain."""
    at = company.to_numpy()
    local = local_parts(given, family, companies["mail_style"].to_numpy()[at])
    frame = pl.DataFrame({"local": local, "domain": companies["domain"].gather(at)})
    again = pl.struct("local", "domain").cum_count().over("local", "domain")
    tail = pl.when(again > 1).then(again.cast(pl.String)).otherwise(pl.lit(""))
    return frame.select(pl.concat_str("local", tail, pl.lit("@"), "domain").alias("email")).to_series()


def _addresses(frame: pl.DataFrame, companies: pl.DataFrame, chance: Chance) -> list[pl.Series]:
    n = len(frame)
    work = company_addresses(frame["given_key"], frame["family_key"], frame["company"], companies)
    free = pl.Series(list(FREE_MAIL)).gather(chance.of("free").pick(list(FREE_MAIL.values()), n))
    local = local_parts(frame["given_key"], frame["family_key"], chance.of("style").pick(list(MAIL_STYLES.values()), n))
    number = pl.Series(chance.of("number").below(1000, n))
    pieces = pl.DataFrame({"local": local, "number": number, "free": free}).with_row_index("row")
    again = pl.struct("local", "number", "free").cum_count().over("local", "number", "free")
    tail = (
        pl.when(again > 1)
        .then(pl.col("row").cast(pl.String))
        .when(pl.col("number") < 100)
        .then(pl.lit(""))
        .otherwise(pl.col("number").cast(pl.String))
    )
    own = pieces.select(pl.concat_str("local", tail, pl.lit("@"), "free").alias("own_mail")).to_series()
    repeated = own.is_duplicated().to_numpy()
    unique = pieces.select(
        pl.concat_str("local", pl.lit("."), pl.col("row").cast(pl.String), pl.lit("@"), "free")
    ).to_series()
    own = text.when(repeated, unique, own)
    return [work.alias("work_mail"), own.alias("own_mail")]


def _next_company(frame: pl.DataFrame, companies: pl.DataFrame, chance: Chance) -> pl.Series:
    """A later employer for some, in the same country; null for the rest."""
    n = len(frame)
    country = frame["country"].to_numpy()
    chosen = np.full(n, -1, dtype=np.int64)
    movers = chance.of("who").some(np.arange(n), 0.06)
    of_company = companies["country"].to_numpy()
    for c in range(len(tables.countries())):
        at = movers[country[movers] == c]
        there = np.flatnonzero(of_company == c)
        if len(at) and len(there):
            chosen[at] = there[chance.of(str(c)).below(len(there), len(at))]
    chosen = np.where(chosen == frame["company"].to_numpy(), -1, chosen)
    return pl.Series("next_company", chosen).replace(-1, None)
