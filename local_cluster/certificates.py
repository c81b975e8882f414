"""One certificate authority a cluster, and a certificate for each component and user."""

from __future__ import annotations

import datetime
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from local_cluster.layout import ClusterLayout

VALID_DAYS = 3650
"""Ten years: a test cluster must not stop working because it was left alone."""


@dataclass(frozen=True, slots=True)
class Identity:
    """A subject: the API server takes its common name for the user and its organisation for the group."""

    file: str
    common_name: str
    organisation: str | None = None
    hosts: Sequence[str] = ()


def _name(identity: Identity) -> x509.Name:
    attributes = [x509.NameAttribute(NameOID.COMMON_NAME, identity.common_name)]
    if identity.organisation:
        attributes.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, identity.organisation))
    return x509.Name(attributes)


def _write_key(path: Path, key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> None:
    path.touch(mode=0o600)
    encoding, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    path.write_bytes(key.private_bytes(encoding, serialization.PrivateFormat.TraditionalOpenSSL, plain))


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=VALID_DAYS))
    )


class Authority:
    """The cluster's certificate authority, kept in a folder and read back by a second `up`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sft-local-cluster")])
        key_file, self.certificate = folder / "ca.key", folder / "ca.crt"
        if key_file.exists() and self.certificate.exists():
            loaded = serialization.load_pem_private_key(key_file.read_bytes(), None)
            assert isinstance(loaded, ec.EllipticCurvePrivateKey)  # noqa: S101 - this class wrote it
            self._key = loaded
            return
        self._key = ec.generate_private_key(ec.SECP256R1())
        _write_key(key_file, self._key)
        certificate = (
            _builder(self._name, self._name, self._key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(self._key, hashes.SHA256())
        )
        self.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def issue(self, identity: Identity) -> tuple[Path, Path]:
        """Certificate and key of an identity, made once."""
        certificate_file, key_file = self.folder / f"{identity.file}.crt", self.folder / f"{identity.file}.key"
        if certificate_file.exists() and key_file.exists():
            return certificate_file, key_file
        key = ec.generate_private_key(ec.SECP256R1())
        _write_key(key_file, key)
        usages = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH])
        builder = _builder(_name(identity), self._name, key.public_key()).add_extension(usages, critical=False)
        if identity.hosts:
            builder = builder.add_extension(x509.SubjectAlternativeName([_host(h) for h in identity.hosts]), critical=False)
        certificate = builder.sign(self._key, hashes.SHA256())
        certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        return certificate_file, key_file

    def service_account_keys(self) -> tuple[Path, Path]:
        """Public and private key that sign service account tokens."""
        public, private = self.folder / "service-account.pub", self.folder / "service-account.key"
        if not (public.exists() and private.exists()):
            key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
            _write_key(private, key)
            form = serialization.PublicFormat.SubjectPublicKeyInfo
            public.write_bytes(key.public_key().public_bytes(serialization.Encoding.PEM, form))
        return public, private


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def authority(layout: ClusterLayout) -> Authority:
    """The authority of a cluster."""
    return Authority(layout.certificates)
