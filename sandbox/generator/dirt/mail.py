"""What happens to e-mail addresses."""

from __future__ import annotations

import numpy as np
import polars as pl

from sandbox.generator import records
from sandbox.generator.chance import Bools, Chance
from sandbox.generator.dirt import typos
from sandbox.generator.dirt.soil import Soil
from sandbox.generator.mailboxes import FREE_MAIL
from sandbox.generator.profiles import TAGS

_SHARED = {
    "de": ("info", "kontakt", "vertrieb", "office"),
    "fr": ("contact", "info", "commercial"),
    "es": ("info", "ventas", "administracion"),
    "it": ("info", "commerciale", "amministrazione"),
    "nl": ("info", "verkoop"),
    "pl": ("biuro", "info"),
    "sv": ("info", "order"),
}
_SHARED_ENGLISH = ("info", "sales", "office", "contact", "admin", "accounts")
_FREE_TYPOS = {
    "gmail.com": ("gmial.com", "gmai.com", "gmail.co", "gmail.con", "gamil.com", "gmail.cm"),
    "hotmail.com": ("hotmial.com", "hotmail.con", "hotmal.com"),
    "yahoo.com": ("yahooo.com", "yaho.com", "yahoo.con"),
    "outlook.com": ("outlok.com", "outlook.con"),
    "icloud.com": ("iclod.com", "icloud.co"),
    "web.de": ("wbe.de",),
    "gmx.de": ("gmx.d", "gxm.de"),
    "libero.it": ("libero.ti",),
    "aol.com": ("aol.con",),
}
_PLACEHOLDERS = (
    "noemail@noemail.com",
    "none@none.com",
    "na@na.com",
    "test@test.com",
    "noreply@nomail.com",
    "unknown@unknown.com",
)


def soil_mail(soil: Soil, said: pl.DataFrame) -> pl.DataFrame:
    """All faults of addresses. Those that HubSpot refuses as no address are planted in Salesforce only."""
    chance = soil.chance.of("mail")
    said = _shared(soil, said, chance.of("shared"))
    said = _tags(soil, said, chance.of("tags"))
    said = _typo_domains(soil, said, chance.of("domains"))
    return _malformed(soil, said, chance.of("malformed"))


def _hits(soil: Soil, said: pl.DataFrame, share: float, chance: Chance) -> Bools:
    p = np.clip(share * soil.mess(soil.people), 0, 0.8) * (soil.people["person"].to_numpy() >= 0)
    return np.asarray(chance.hits(p, len(said)) & said["email"].is_not_null().to_numpy(), dtype=np.bool_)


def _shared(soil: Soil, said: pl.DataFrame, chance: Chance) -> pl.DataFrame:
    """In some companies everybody is entered with info@; elsewhere a few are. Noted in the skeleton as `shared`."""
    company = np.maximum(soil.people["company"].to_numpy(), 0)
    small = soil.companies["employees"].to_numpy() < 40
    habit = chance.of("habit").hits(np.where(small, 0.05, 0.008) * min(soil.rate, 4), len(soil.companies))
    share = np.where(habit[company], 0.55, 0.006)
    domain = soil.companies["domain"].gather(company)
    mask = chance.of("who").hits(share * min(soil.rate, 1.5), len(said)) & domain.is_not_null().to_numpy()
    mask &= (soil.people["person"].to_numpy() >= 0) & said["email"].is_not_null().to_numpy()
    mask &= soil.people["relation"].to_numpy() != records.CONVERTED
    words = _words(soil, chance.of("word"))
    soil.people = soil.people.with_columns(pl.Series("shared", mask))
    return soil.soil(said, mask, "email", "email_shared", words.gather(company) + "@" + domain)


def _words(soil: Soil, chance: Chance) -> pl.Series:
    """One mailbox name per company, in its language."""
    options = [*_SHARED_ENGLISH]
    start, size = {"": 0}, {"": len(_SHARED_ENGLISH)}
    for language, words in _SHARED.items():
        start[language], size[language] = len(options), len(words)
        options += words
    code = soil.companies["trade_language"].to_list()
    at = np.array([start.get(language, 0) for language in code])
    many = np.array([size.get(language, size[""]) for language in code])
    return pl.Series(options).gather(at + (chance.random(len(code)) ** 2 * many).astype(np.int64))


def _tags(soil: Soil, said: pl.DataFrame, chance: Chance) -> pl.DataFrame:
    tag = pl.Series(TAGS).gather(chance.of("tag").below(len(TAGS), len(said)))
    mask = (
        _hits(soil, said, 0.006, chance.of("hit"))
        & said["email"].str.ends_with("gmail.com").fill_null(False).to_numpy()
    )
    mask |= _hits(soil, said, 0.002, chance.of("other"))
    frame = pl.DataFrame({"email": said["email"], "tag": tag})
    tagged = frame.select(
        pl.col("email").str.replace("@", pl.concat_str(pl.lit("+"), "tag", pl.lit("@")), literal=True)
    ).to_series()
    return soil.soil(said, mask, "email", "email_tag", tagged)


def _typo_domains(soil: Soil, said: pl.DataFrame, chance: Chance) -> pl.DataFrame:
    """gmial.com and the like, and slips in the domains of companies."""
    n = len(said)
    parts = said.select(pl.col("email").str.split_exact("@", 1).struct.unnest())
    local, domain = parts["field_0"], parts["field_1"]
    free = domain.is_in(list(FREE_MAIL)).fill_null(False).to_numpy()
    wrong = _free_typos(domain, chance.of("free"))
    mask = free & wrong.is_not_null().to_numpy() & _hits(soil, said, 0.03, chance.of("hit"))
    said = soil.soil(said, mask, "email", "email_typo_domain", local + "@" + wrong)
    company = ~free & _hits(soil, said, 0.009, chance.of("company"))
    rows = np.flatnonzero(company)
    label = domain.gather(rows).str.replace(r"\..*$", "")
    ending = domain.gather(rows).str.extract(r"(\..*)$")
    ending = ending.replace(".com", ".con").zip_with(pl.Series(chance.of("con").hits(0.2, len(rows))), ending)
    made = local.gather(rows) + "@" + typos.slipped(label, chance.of("slip")) + ending
    where = np.full(n, 0)
    where[rows] = np.arange(len(rows))
    dirty = made.gather(where) if len(rows) else said["email"]
    return soil.soil(said, company, "email", "email_typo_domain", dirty)


def _free_typos(domain: pl.Series, chance: Chance) -> pl.Series:
    """A wrong spelling of each free-mail domain that has one, null for all others."""
    options = [wrong for listed in _FREE_TYPOS.values() for wrong in listed]
    names = list(_FREE_TYPOS)
    start = np.cumsum([0] + [len(listed) for listed in _FREE_TYPOS.values()])[:-1]
    size = np.array([len(listed) for listed in _FREE_TYPOS.values()])
    code = (
        domain.replace_strict(names, list(range(len(names))), default=-1, return_dtype=pl.Int64)
        .fill_null(-1)
        .to_numpy()
    )
    at = np.where(code >= 0, start[code] + chance.below(size[code], len(domain)), -1)
    return pl.Series(options).gather(pl.Series(at).replace(-1, None))


def _malformed(soil: Soil, said: pl.DataFrame, chance: Chance) -> pl.DataFrame:
    """Capitals, mailto:, spaces, double dots, brackets, no @, and the addresses people invent to pass a form."""
    in_salesforce = soil.people["org"].to_numpy() >= 0
    email, n = said["email"], len(said)
    display = said["given"].fill_null("") + " " + said["family"].fill_null("") + " <" + email + ">"
    forms = (
        ("email_case", 0.03, email.str.to_uppercase()),
        ("email_mailto", 0.002, "mailto:" + email),
        ("email_space", 0.004, email.str.replace("@", " @", literal=True)),
        ("email_space", 0.002, email + " "),
        ("email_double_dot", 0.003, email.str.replace(".", "..", literal=True)),
        ("email_trailing", 0.002, email + ","),
        ("email_display_name", 0.001, display.str.slice(0, 80)),
        ("email_no_at", 0.002, email.str.replace("@", "", literal=True)),
        ("email_two", 0.001, (email + "; " + email.str.replace("^[^@]*", "info")).str.slice(0, 80)),
    )
    done = ~in_salesforce
    for number, (kind, share, dirty) in enumerate(forms):
        mask = _hits(soil, said, share, chance.of(str(number))) & ~done
        done |= mask
        said = soil.soil(said, mask, "email", kind, dirty)
    holder = pl.Series(_PLACEHOLDERS).gather(chance.of("holder").below(len(_PLACEHOLDERS), n))
    return soil.soil(
        said, _hits(soil, said, 0.006, chance.of("held")) & in_salesforce & ~done, "email", "email_placeholder", holder
    )
