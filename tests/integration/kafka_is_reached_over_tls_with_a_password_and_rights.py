"""A Kafka that wants TLS, a password and rights. With the rights `vestnik bus init` prints, the
services can do all they need, and an outside producer can write tasks and nothing else. A wrong
password, authority or host name is told, once and for what it is; passwords are told nowhere."""
import os
import re
import shlex
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.environ["VESTNIK_SOURCE"], "tests", "support"))
from bed import BIN, Bed, skip, stop, wait_for, write_json  # noqa: E402
from kafka import Kafka, KafkaAbsent  # noqa: E402
from test_certificates import Authority  # noqa: E402

try:
    from confluent_kafka.admin import (AclBinding, AclOperation, AclPermissionType, AdminClient, ResourcePatternType,
                                       ResourceType)
except ImportError as error:
    skip(f"{error} (tests/run.sh installs it)")

LETTERS = 40
PASSWORDS = {"vestnik": "serv1ces-pass", "registry": "0utside-pass"}
WRONG = "wr0ng-pass"
OURS = {"vestnik.tasks", "vestnik.mail", "vestnik.mail.urgent", "vestnik.status", "vestnik.dead"}


def expect(what, got, want):
    assert got == want, f"{what}: got {got!r}, want {want!r}"


def broker(authority):
    """The plain listener is the broker's own and the administrator's."""
    authority.context(hosts=(), addresses=("127.0.0.1",))
    return Kafka(secure={
        "ssl.keystore.type": "PEM", "ssl.keystore.location": authority.last_file,
        "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-512",
        "plain.sasl.jaas.config": "org.apache.kafka.common.security.plain.PlainLoginModule required "
                                  + " ".join(f'user_{user}="{password}"' for user, password in PASSWORDS.items()) + ";",
        "scram-sha-512.sasl.jaas.config": "org.apache.kafka.common.security.scram.ScramLoginModule required;",
    }, settings={
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": "User:ANONYMOUS",
    })


def binding(command, operation):
    """One right of a printed kafka-acls.sh command."""
    words = shlex.split(command)
    expect("command", words[0], "kafka-acls.sh")
    value = dict(zip(words, words[1:]))  # the last of each
    kind = "topic" if "--topic" in value else "group"
    pattern = value.get("--resource-pattern-type", "literal")
    constant = re.sub("(?<=[a-z])(?=[A-Z])", "_", operation).upper()
    return AclBinding(ResourceType[kind.upper()], value["--" + kind], ResourcePatternType[pattern.upper()],
                      value["--allow-principal"], "*", AclOperation[constant], AclPermissionType.ALLOW)


def apply(admin, printed):
    rights = []
    for line in printed.splitlines():
        if line.startswith("kafka-acls.sh "):
            words = shlex.split(line)
            rights += [binding(line, after) for word, after in zip(words, words[1:]) if word == "--operation"]
    assert rights, printed
    for done in admin.create_acls(rights).values():
        done.result()


class Secure:
    def __init__(self, folder, kafka, authority):
        self.folder, self.kafka, self.authority = folder, kafka, authority

    def password_file(self, text):
        path = os.path.join(self.folder, text + ".password")
        with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w") as f:
            f.write(text + "\n")
        return path

    def settings(self, host="127.0.0.1", password=PASSWORDS["vestnik"], ca=None, **more):
        return {"bus_url": f"kafka://{host}:{self.kafka.secure_port[1]}", "kafka": {
            "security.protocol": "SASL_SSL", "ssl.ca.location": ca or self.authority.ca_file,
            "sasl.mechanisms": "PLAIN", "sasl.username": "vestnik",
            "sasl.password_file": self.password_file(password), "broker.address.family": "v4", **more}}

    def kcat(self, user, *arguments, text=None):
        return subprocess.run(
            ["kcat", "-b", f"127.0.0.1:{self.kafka.secure_port[1]}", "-X", "security.protocol=SASL_SSL", "-X",
             f"ssl.ca.location={self.authority.ca_file}", "-X", "sasl.mechanisms=PLAIN", "-X",
             f"sasl.username={user}", "-X", f"sasl.password={PASSWORDS[user]}", *arguments],
            input=text, capture_output=True, text=True, timeout=30)


def nobody_tells(bed, *texts):
    for name in os.listdir(bed.folder):
        if name.endswith(".log"):
            texts += (bed.log_of(name[:-4]),)
    for text in texts:
        for secret in [*PASSWORDS.values(), WRONG]:
            assert secret not in text, f"a password is told: {text}"


def vestnik(config, *words):
    return subprocess.run([os.path.join(BIN, "vestnik"), "--config", config, *words], capture_output=True, text=True,
                          timeout=60, env=dict(os.environ, LC_ALL="C.UTF-8"))


def librdkafka():
    """Its version, of kcat's words: the one our programs have."""
    text = subprocess.run(["kcat", "-V"], capture_output=True, text=True).stdout
    return tuple(int(n) for n in re.search(r"librdkafka (\d+)\.(\d+)\.(\d+)", text).groups())


# ---- what is wrong is told -------------------------------------------------------


def wrong_settings_are_told(bed, secure):
    stranger = Authority(secure.folder, "another authority")
    cases = {
        "password": (secure.settings(password=WRONG), "does not take our user name or password"),
        "authority": (secure.settings(ca=stranger.ca_file), "not signed by the authority in ssl.ca.location"),
        # before 2.6.1 librdkafka gives Kafka 4 a SCRAM answer it takes for a wrong password
        "mechanism": (secure.settings(**{"sasl.mechanisms": "SCRAM-SHA-512"}),
                      "use PLAIN over TLS" if librdkafka() < (2, 6, 1) else "does not take our user name or password"),
        "host": (secure.settings(host="localhost"), "is for another host name"),
    }
    mailers = {}
    for name, (changed, says) in cases.items():
        config = os.path.join(bed.folder, name + ".yaml")
        write_json(config, {**bed.settings, **changed, "data_dir": os.path.join(bed.folder, "data-" + name),
                            "store_url": "sqlite:" + os.path.join(bed.folder, "data-" + name, "vestnik.db")})
        mailers[name] = bed.start("wrong-" + name, os.path.join(BIN, "vestnik-mailer"), "--config", config)
        check = vestnik(config, "bus", "check")
        expect(f"{name}: bus check", check.returncode, 1)
        assert says in check.stderr.splitlines()[-1], f"{name}: {check.stderr}"
        config_check = vestnik(config, "check-config")
        nobody_tells(bed, check.stdout, check.stderr, config_check.stdout, config_check.stderr)
    for name, (_, says) in cases.items():
        wait_for(lambda: says in bed.log_of("wrong-" + name), f"the mailer to tell the wrong {name}")
    return mailers, cases


def they_wait_and_say_so_once(bed, mailers, cases):
    """Asked at the end: they have tried again and again meanwhile."""
    for name, mailer in mailers.items():
        log = bed.log_of("wrong-" + name)
        assert mailer.poll() is None, f"wrong {name}: the mailer ended: {log}"
        said = [line for line in log.splitlines() if " kafka-trouble " in line]
        expect(f"wrong {name}: lines of trouble", len(said), 1)
        assert cases[name][1] in said[0], said
        assert len(log.splitlines()) < 15, log
        stop(mailer)


# ---- rights ----------------------------------------------------------------------


def allowed(what, done, may):
    refused = "uthorization" in done.stdout + done.stderr
    assert (done.returncode == 0 and not refused) if may else refused, \
        f"{what}: exit {done.returncode}, want it {'allowed' if may else 'refused'}: {done.stdout} {done.stderr}"


def outsider_writes_tasks_only(secure):
    task = '{"specversion":"1.0","id":"1","source":"/contest-registry","type":"nonsense","data":{}}'
    for acks in ("all", "1"):
        allowed("writing tasks", secure.kcat("registry", "-P", "-t", "vestnik.tasks", "-X", f"acks={acks}", text=task), True)
    allowed("writing tasks, idempotent", secure.kcat("registry", "-P", "-t", "vestnik.tasks", "-X",
                                                     "enable.idempotence=true", text=task), True)
    for topic in OURS - {"vestnik.tasks"}:
        allowed(f"writing {topic}", secure.kcat("registry", "-P", "-t", topic, text=task), False)
    for topic in OURS:
        allowed(f"reading {topic}", secure.kcat("registry", "-C", "-e", "-t", topic), False)
    allowed("joining a group", secure.kcat("registry", "-G", "vestnik.mailer", "-X", "max.poll.interval.ms=10000", "-X",
                                           "session.timeout.ms=6000", "vestnik.tasks"), False)
    allowed("the services' topics are not all", secure.kcat("vestnik", "-P", "-t", "theirs", text="x"), False)


def services_do_everything(bed):
    expect("bus check", bed.run("bus", "check").stdout, "The topics are as they should be.\n")
    for name in ("planner", "mailer", "ledger", "notifier"):  # static members
        bed.service(name, instance="a")
    wait_for(lambda: len(bed.ready()) == 4, "all services ready")
    bed.directory(LETTERS)
    bed.launch(bed.campaign("secure"))
    bed.wait_state("secure", "finished")
    expect("letters", bed.sink_counts(), {"accepted": LETTERS, "unique": LETTERS, "doubled": 0})
    dead = wait_for(lambda: bed.json("dead", "list"), "the outsider's nonsense among the dead")
    bed.run("dead", "replay", str(dead[0]["id"]))
    wait_for(lambda: bed.run("status", code=None).returncode == 0, "status to say all is well")
    for line in bed.json("status"):
        assert "uthorization" not in str(line), line


def main():
    with tempfile.TemporaryDirectory(prefix="vestnik-secure-") as folder:
        authority = Authority(folder)
        try:
            kafka = broker(authority).start()
        except KafkaAbsent as absent:
            skip(absent)
        try:
            admin = AdminClient({"bootstrap.servers": kafka.brokers, "log_level": 0})
            secure = Secure(folder, kafka, authority)
            with Bed(secure.settings(), bus=kafka) as bed:
                bed.prefix, bed.topics_made = None, True
                bed.sink()
                mailers, cases = wrong_settings_are_told(bed, secure)

                # Without rights nothing is made, and the rights that are missing are printed.
                printed = bed.run("bus", "init", "--producer", "User:registry", code=1)
                assert "uthorization" in printed.stdout, printed.stdout + printed.stderr
                apply(admin, printed.stdout)
                wait_for(lambda: bed.run("bus", "init", code=None).returncode == 0, "the rights to hold")
                expect("topics", OURS <= set(kafka.topics()), True)

                outsider_writes_tasks_only(secure)
                services_do_everything(bed)
                they_wait_and_say_so_once(bed, mailers, cases)
                shown = bed.run("check-config", code=None)
                nobody_tells(bed, shown.stdout, shown.stderr)
        finally:
            kafka.stop()


main()
