"""The companies of the world: groups and their subsidiaries, names, domains, addresses, telephone blocks, size."""

from __future__ import annotations

import numpy as np
import polars as pl

from sandbox.generator import company_names, tables, text
from sandbox.generator.chance import Bools, Chance, Ints

# How a company writes the left part of an address; weights as seen in business mail.
MAIL_STYLES = {
    "first.last": 46,
    "flast": 19,
    "first": 9,
    "firstl": 6,
    "last": 4,
    "first_last": 4,
    "f.last": 6,
    "last.first": 3,
    "firstlast": 3,
}


def found(n: int, chance: Chance) -> pl.DataFrame:
    """One row per company; its row number is its name in the whole generator.

    parent, ultimate: rows (parent null at the top). name: as people call it; core: without legal form; legal_name.
    domain is null for those without one. phone_area and phone_number: the switchboard, whose last `block` digits are
    replaced in direct lines (0: everybody has the switchboard). presence: which CRMs know it (see `membership`).
    """
    place = chance.of("place").pick(_place_weights(), n)
    parent = _parents(n, chance.of("parent"))
    is_child = parent >= 0
    # Half of the subsidiaries sit in the parent's country, the others abroad.
    at_home = is_child & chance.of("home").hits(0.5, n)
    place = np.where(at_home, place[np.maximum(parent, 0)], place)
    places = tables.places()
    country = places["country_row"].to_numpy()[place]
    industry = chance.of("industry").pick(tables.industries()["weight"].to_numpy(), n)
    industry = np.where(is_child, industry[np.maximum(parent, 0)], industry)
    frame = pl.DataFrame({"parent": parent, "country": country, "place": place, "industry": industry})
    frame = frame.with_columns(_site(place, country, chance.of("site")))
    frame = _named(frame, chance.of("name"))
    frame = frame.with_columns(_domains(frame, chance.of("domain")))
    employees = np.exp(chance.of("size").normal(n) * 1.9 + 4.2).clip(1, 400_000).astype(np.int64)
    employees = np.where(is_child, (employees * 0.6).astype(np.int64) + 1, employees)
    revenue = employees * np.exp(chance.of("revenue").normal(n) * 0.6 + 11.6)
    iso = tables.countries()["iso2"].gather(country)
    year = 2024 - (chance.of("year").random(n) ** 2 * 90).astype(np.int64)
    return frame.with_columns(
        pl.Series("ultimate", np.where(is_child, parent, np.arange(n))),
        pl.Series("parent", parent).replace(-1, None),
        pl.Series("employees", employees),
        pl.Series("revenue", (revenue / 1000).round() * 1000),
        pl.Series("founded", year),
        pl.Series("mail_style", chance.of("mail").pick(list(MAIL_STYLES.values()), n)),
        pl.Series("block", np.array([0, 2, 3])[chance.of("block").pick([30, 40, 30], n)]),
        iso.replace_strict(company_names.TRADE_LANGUAGE, default="").alias("trade_language"),
        _registration(iso, chance.of("registration")),
        legal_entity_identifiers(n, chance.of("lei")),
    )


def _place_weights() -> pl.Series:
    places = tables.places()
    country = tables.countries()["weight"].gather(places["country_row"])
    share = places.select(pl.col("weight") / pl.col("weight").sum().over("country")).to_series()
    return share * country


def _parents(n: int, chance: Chance) -> Ints:
    """Row of the parent or -1: every seventh company or so belongs to one, large groups have more of them."""
    child = chance.of("child").hits(0.14, n)
    tops = np.flatnonzero(~child)
    if len(tops) == 0:
        return np.full(n, -1, dtype=np.int64)
    chosen = tops[(chance.of("which").random(n) ** 3 * len(tops)).astype(np.int64)]
    return np.where(child, chosen, -1)


def _site(place: Ints, country: Ints, chance: Chance) -> pl.DataFrame:
    places = tables.places()
    return pl.DataFrame(
        {
            "city": places["city"].gather(place),
            "city_local": places["local"].gather(place),
            "state": places["state"].gather(place),
            "postal": postal_codes(place, country, chance.of("postal")),
            "street": streets(country, chance.of("street")),
            "phone_area": places["area"].gather(place),
            "phone_number": text.digits(places["subscriber"], place, chance.of("phone")),
        }
    )


def streets(country: Ints, chance: Chance) -> pl.Series:
    """A street and house number in the order of the country."""
    n = len(country)
    styles, house = tables.countries()["street"], (chance.of("house").random(n) ** 2 * 240 + 1).astype(np.int64)
    names = tables.streets()
    offsets: dict[str, tuple[int, int]] = {}
    words: list[str] = []
    for style, listed in names.items():
        offsets[style] = (len(words), len(listed))
        words += listed.to_list()
    start = np.array([offsets[style][0] for style in styles])[country]
    size = np.array([offsets[style][1] for style in styles])[country]
    street = pl.Series(words).gather(start + chance.of("street").below(size, n))
    first = np.isin(country, np.flatnonzero(styles.is_in(["num", "pre"]).to_numpy()))
    frame = pl.DataFrame({"street": street, "house": house, "first": first})
    text_of = (
        pl.when("first").then(pl.format("{} {}", "house", "street")).otherwise(pl.format("{} {}", "street", "house"))
    )
    return frame.select(text_of.alias("street")).to_series()


def postal_codes(place: Ints, country: Ints, chance: Chance) -> pl.Series:
    """The place's prefix, then the country's pattern (# a digit, @ a letter) filled up."""
    options: list[str] = []
    start, size = [], []
    for prefix, pattern in zip(
        tables.places()["postal"], tables.countries()["postal"].gather(tables.places()["country_row"]), strict=True
    ):
        start.append(len(options))
        variants = [_filled(part, pattern) for part in prefix.split("|")]
        options += variants
        size.append(len(variants))
    rows = np.array(start)[place] + chance.of("prefix").below(np.array(size)[place], len(place))
    codes = text.digits(pl.Series(options), rows, chance.of("digits"))
    letter = text.capitals(len(place), 2, chance.of("letters"))
    frame = pl.DataFrame({"code": codes, "letter": letter})
    filled = pl.col("code").str.replace("@", pl.col("letter").str.head(1), literal=True)
    filled = filled.str.replace("@", pl.col("letter").str.tail(1), literal=True).str.replace_all("@", "B", literal=True)
    return frame.select(filled.alias("postal")).to_series()


def _filled(prefix: str, pattern: str) -> str:
    if pattern == ".":
        return ""
    if pattern.startswith("*"):
        return f"{prefix} {pattern[1:]}".replace("#@@", "X@@").replace("*", "").replace("#", "X")
    kept, rest = 0, ""
    for place, sign in enumerate(pattern):
        if kept < len(prefix) and sign in "#@":
            rest += prefix[kept]
            kept += 1
        else:
            rest += sign
        if kept == len(prefix) and place + 1 < len(pattern):
            rest += pattern[place + 1 :]
            break
    return rest.replace("#", "X")


def _named(frame: pl.DataFrame, chance: Chance) -> pl.DataFrame:
    country, parent = frame["country"].to_numpy(), frame["parent"].to_numpy()
    own = company_names.cores(country, frame["industry"].to_numpy(), frame["city"], chance.of("core"))
    iso = tables.countries()
    boss = np.maximum(parent, 0)
    of_parent = own[boss]
    part = chance.of("part").below(4, len(frame))
    abroad = country != country[boss]
    ending = pl.Series(np.where(abroad, 0, part + 1)).alias("ending")
    child = pl.DataFrame(
        {
            "is_child": parent >= 0,
            "ending": ending,
            "core": own["core"],
            "short": own["short"],
            "boss": of_parent["short"],
            "boss_core": of_parent["core"],
            "land": iso["local"].gather(country),
            "name_en": iso["name"].gather(country),
            "city": frame["city"],
            "odd": chance.of("odd").hits(0.5, len(frame)),
        }
    )
    land = pl.when("odd").then("land").otherwise("name_en")
    core = (
        pl.when(~pl.col("is_child") | (pl.col("ending") == 4))
        .then("core")
        .when(pl.col("ending") == 0)
        .then(pl.format("{} {}", "boss", land))
        .when(pl.col("ending") == 1)
        .then(pl.format("{} {}", "boss_core", "city"))
        .when(pl.col("ending") == 2)
        .then(pl.format("{} Services", "boss"))
        .otherwise(pl.format("{} Holding", "boss"))
    )
    short = pl.when(pl.col("is_child") & (pl.col("ending") != 4)).then("boss").otherwise("short")
    form = company_names.legal_forms(country, chance.of("form"))
    named = child.select(core.alias("core"), short.alias("short")).with_columns(
        pl.Series("form", form), tables.legal_forms()["form"].gather(form).alias("suffix")
    )
    called = pl.Series(chance.of("called").hits(0.42, len(frame)))
    legal = pl.format("{} {}", "core", "suffix")
    named = named.with_columns(legal.alias("legal_name"), pl.when(called).then(legal).otherwise("core").alias("name"))
    return pl.concat([frame, named.drop("suffix")], how="horizontal")


def _domains(frame: pl.DataFrame, chance: Chance) -> pl.Series:
    """Registrable domains. A subsidiary has the parent's, the parent's name under its own country, or its own."""
    n = len(frame)
    pieces = pl.DataFrame({"core": text.key(frame["core"]), "short": text.key(frame["short"])})
    dashed = text.fold(frame["core"]).str.to_lowercase().str.replace_all(r"[^a-z0-9]+", "-").str.strip_chars("-")
    kind = pl.Series(chance.of("kind").pick([46, 38, 16], n))
    label = pieces.select(
        pl.when(kind == 0)
        .then("short")
        .when(kind == 1)
        .then("core")
        .otherwise(dashed)
        .str.slice(0, 40)
        .str.strip_chars("-")
    ).to_series()
    label = pl.DataFrame({"x": label}).select(
        pl.when(pl.col("x").str.len_chars() < 3).then(pl.concat_str("x", pl.lit("group"))).otherwise("x").alias("label")
    )["label"]
    ending = _endings(frame["country"].to_numpy(), chance.of("ending"))
    domain = _distinct(label, ending)
    parent = frame["parent"].to_numpy()
    boss, share = np.maximum(parent, 0), chance.of("share").random(n)
    of_parent = domain.gather(boss)
    shared: Bools = (parent >= 0) & (share < 0.45)
    cousin: Bools = (parent >= 0) & (share >= 0.45) & (share < 0.8)
    under = pl.DataFrame({"label": label.gather(boss), "end": ending}).select(
        pl.concat_str("label", pl.lit("."), "end")
    )
    taken = under.to_series().is_in(domain.implode()) | under.to_series().is_duplicated()
    domain = text.when(cousin & ~taken.to_numpy(), under.to_series(), domain.alias("domain"))
    domain = text.when(shared, of_parent, domain)
    return text.when(chance.of("none").hits(0.04, n) & (parent < 0), None, domain).alias("domain")


def _endings(country: Ints, chance: Chance) -> pl.Series:
    options: list[str] = []
    rows = np.zeros(len(country), dtype=np.int64)
    for c, listed in enumerate(tables.countries()["tlds"]):
        pairs = [item.split(":") for item in listed.split(",")]
        of_country = np.flatnonzero(country == c)
        drawn = chance.of(str(c)).pick([float(weight) for _, weight in pairs], len(of_country))
        rows[of_country] = len(options) + drawn
        options += [ending for ending, _ in pairs]
    return pl.Series(options).gather(rows)


def _distinct(label: pl.Series, ending: pl.Series) -> pl.Series:
    """No two top companies share a domain: the later one gets a tail to its label."""
    tails = pl.Series(["", "group", "hq", "intl", "online", "co", "web", "world"])
    frame = pl.DataFrame({"label": label, "ending": ending})
    for last in (False, True):
        again = pl.struct("label", "ending").cum_count().over("label", "ending") - 1
        frame = frame.with_columns(again.cast(pl.Int64).alias("again"))
        tail = tails.gather(frame["again"].clip(0, len(tails) - 1))
        number = pl.when(pl.col("again") > 0).then(pl.col("again").cast(pl.String)).otherwise(pl.lit(""))
        added = number if last else tail
        frame = frame.with_columns(pl.concat_str("label", added).alias("label"))
    return frame.select(pl.concat_str("label", pl.lit("."), "ending").alias("domain")).to_series()


def _registration(iso: pl.Series, chance: Chance) -> pl.Series:
    """Numbers in the manner of the local register; invented."""
    n = len(iso)
    number = text.padded(chance.below(10**9, n), 9)
    frame = pl.DataFrame({"iso": iso, "no": number})
    value = (
        pl.when(pl.col("iso").is_in(["DE"]))
        .then(pl.format("HRB {}", pl.col("no").str.head(6).str.strip_chars_start("0")))
        .when(pl.col("iso").is_in(["GB", "NO"]))
        .then(pl.col("no").str.head(8))
        .when(pl.col("iso").is_in(["AT"]))
        .then(pl.format("FN {}x", pl.col("no").str.head(6)))
        .when(pl.col("iso").is_in(["SE"]))
        .then(pl.format("55{}-{}", pl.col("no").str.head(4), pl.col("no").str.tail(4)))
        .when(pl.col("iso").is_in(["CH"]))
        .then(pl.format("CHE-{}", pl.col("no")))
        .otherwise("no")
    )
    return frame.select(value.alias("registration")).to_series()


def legal_entity_identifiers(n: int, chance: Chance) -> pl.Series:
    """ISO 17442: 4 characters of the issuer, 00, 12 characters, two check digits by ISO 7064 MOD 97-10."""
    signs = np.frombuffer(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", dtype=np.uint8)
    value = np.concatenate(
        [np.tile(np.array([9, 8, 4, 5, 0, 0]), (n, 1)), chance.below(36, n * 12).reshape(n, 12)], axis=1
    )
    rest = np.zeros(n, dtype=np.int64)
    for place in range(18):
        digit = value[:, place]
        rest = np.where(digit < 10, rest * 10 + digit, rest * 100 + digit) % 97
    check = 98 - rest * 100 % 97
    value = np.concatenate([value, (check // 10)[:, None], (check % 10)[:, None]], axis=1)
    return text.from_bytes(signs[value]).alias("lei")
