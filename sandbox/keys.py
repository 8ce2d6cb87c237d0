"""The sandbox's own papers: an authority that signs its certificate, and a key that clients sign their JWT with."""

from __future__ import annotations

import os
import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NAMES = ("localhost", "127.0.0.1", "::1")
_LIFE = timedelta(days=365)


class Keys:
    """Files in one folder, readable by their owner only; a later start with the folder finds the same ones."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder = folder

    @property
    def ca(self) -> Path:
        """The authority's certificate, which clients are to trust."""
        return self._folder / "ca.pem"

    @property
    def jwt(self) -> Path:
        """The private key of the JWT bearer flow, made when it is first asked for."""
        path = self._folder / "jwt.pem"
        if not path.is_file():
            _write(path, _pem(rsa.generate_private_key(public_exponent=65537, key_size=2048)))
        return path

    def jwt_public(self) -> str:
        """The PEM of the public key that belongs to `jwt`."""
        key = serialization.load_pem_private_key(self.jwt.read_bytes(), None)
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        return key.public_key().public_bytes(serialization.Encoding.PEM, form).decode()

    def tls(self) -> ssl.SSLContext:
        """What a server needs to speak TLS under the names of this machine; its certificate is new each time."""
        authority, authority_key = self._authority()
        key = ec.generate_private_key(ec.SECP256R1())
        names = [x509.DNSName(NAMES[0]), *(x509.IPAddress(ip_address(name)) for name in NAMES[1:])]
        signed = (
            _certificate("Trueline sandbox", key.public_key(), authority.subject)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False
            )
            .sign(authority_key, hashes.SHA256())
        )
        path = self._folder / "server.pem"
        _write(path, _pem(key) + signed.public_bytes(serialization.Encoding.PEM))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context

    def _authority(self) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
        """The folder's own while it is good for another day, else a new one."""
        key_path = self._folder / "ca.key"
        if self.ca.is_file() and key_path.is_file():
            found = x509.load_pem_x509_certificate(self.ca.read_bytes())
            key = serialization.load_pem_private_key(key_path.read_bytes(), None)
            if isinstance(key, ec.EllipticCurvePrivateKey) and _good(found, key):
                return found, key
        key = ec.generate_private_key(ec.SECP256R1())
        name = "Trueline sandbox authority"
        usage = x509.KeyUsage(
            digital_signature=False, content_commitment=False, key_encipherment=False, data_encipherment=False,
            key_agreement=False, key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False,
        )  # fmt: skip
        made = (
            _certificate(name, key.public_key(), _name(name))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .sign(key, hashes.SHA256())
        )
        _write(key_path, _pem(key))
        _write(self.ca, made.public_bytes(serialization.Encoding.PEM))
        return made, key


def _good(found: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> bool:
    try:
        found.verify_directly_issued_by(found)
    except (ValueError, TypeError, InvalidSignature):
        return False
    same = found.public_key() == key.public_key()
    return same and found.not_valid_after_utc > datetime.now(UTC) + timedelta(days=1)


def _certificate(name: str, key: ec.EllipticCurvePublicKey, issuer: x509.Name) -> x509.CertificateBuilder:
    """A certificate yet to be signed, valid since yesterday: clocks differ."""
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + _LIFE)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    form, secret = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, form, secret)


def _write(path: Path, data: bytes) -> None:
    """Replace the file at once, so that no reader finds half of it and nobody else finds it readable."""
    made = path.with_suffix(".new")
    with os.fdopen(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(data)
    made.replace(path)
