"""Certificates for the tests, good and bad, made on the spot and short-lived."""

import datetime
import ipaddress
import os
import ssl
import sys

try:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID
except ImportError:
    print("skipped: the Python module cryptography is missing (tests/support/requirements.txt)")
    sys.exit(77)

DAY = datetime.timedelta(days=1)


def _name(common):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


class Authority:
    """A CA of its own in `folder`; ca_file is what a client may trust."""

    def __init__(self, folder, common="test authority"):
        self.folder, self.key = folder, ec.generate_private_key(ec.SECP256R1())
        self.name = _name(common)
        self.certificate = self._build(self.name, self.name, self.key.public_key(), [], 0, True)
        self.ca_file = os.path.join(folder, common.replace(" ", "-") + ".pem")
        with open(self.ca_file, "wb") as f:
            f.write(self.certificate.public_bytes(serialization.Encoding.PEM))

    def _build(self, subject, issuer, public_key, names, age_days, is_ca):
        now = datetime.datetime.now(datetime.timezone.utc)
        builder = (x509.CertificateBuilder().subject_name(subject).issuer_name(issuer)
                   .public_key(public_key).serial_number(x509.random_serial_number())
                   .not_valid_before(now - DAY * (age_days + 2)).not_valid_after(now + DAY * (1 - age_days))
                   .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True))
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return builder.sign(self.key, hashes.SHA256())

    def own_context(self, hosts=("localhost",)):
        """A server's TLS context with a certificate signed by nobody but itself, and its file."""
        alone = Authority(self.folder, "alone " + hosts[0])
        certificate = alone._build(alone.name, alone.name, alone.key.public_key(),
                                   [x509.DNSName(h) for h in hosts], 0, False)
        file = os.path.join(self.folder, f"alone-{hosts[0]}-only.pem")
        with open(file, "wb") as f:
            f.write(certificate.public_bytes(serialization.Encoding.PEM))
        key_file = file + ".key"
        with open(key_file, "wb") as f:
            f.write(alone.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                            serialization.NoEncryption()))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file, key_file)
        return context, file

    def context(self, hosts=("localhost",), addresses=(), age_days=0, self_signed=False, versions=None):
        """A server's TLS context. age_days over 1: expired since then."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = [x509.DNSName(h) for h in hosts] + [
            x509.IPAddress(ipaddress.ip_address(a)) for a in addresses]
        signer = self
        if self_signed:
            signer = Authority(self.folder, "nobody %d" % id(key))
        certificate = signer._build(_name("relay"), signer.name, key.public_key(), names, age_days, False)
        path = os.path.join(self.folder, "relay-%d.pem" % id(key))
        with open(path, "wb") as f:
            f.write(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                      serialization.NoEncryption()))
            f.write(certificate.public_bytes(serialization.Encoding.PEM))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        if versions:
            context.minimum_version, context.maximum_version = versions
        self.last_file = path
        return context
