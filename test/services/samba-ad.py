"""Changes a test domain in place: one process for many statements, since each run of samba-tool costs a quarter of a second. Statements come on standard input."""
import sys
import ldb
from samba.auth import system_session
from samba.param import LoadParm
from samba.samdb import SamDB

folder, base = sys.argv[1:3]
parameters = LoadParm()
parameters.load(folder + '/etc/smb.conf')
parameters.set('dsdb:schema update allowed', 'yes')
DOMAIN = base.replace('DC=', '').replace(',', '.')
sam = SamDB(url=folder + '/private/sam.ldb', session_info=system_session(parameters), lp=parameters)


def dn_of(name):
    return str(sam.search(base, ldb.SCOPE_SUBTREE, '(sAMAccountName=%s)' % name, ['cn'])[0].dn)


def change(dn, **values):
    message = ldb.Message(ldb.Dn(sam, dn))
    for name, value in values.items():
        message[name] = ldb.MessageElement(value, ldb.FLAG_MOD_REPLACE, name.replace('_', '-'))
    sam.modify(message)


def basics():
    change(base, pwdProperties='0', minPwdLength='4', minPwdAge='0', maxPwdAge='0', lockoutThreshold='3', lockoutDuration='-18000000000', lockOutObservationWindow='-18000000000')
    for unit in 'Rooms', 'Staff':
        sam.create_ou('OU=%s,%s' % (unit, base))


EXCHANGE = (('ms-Exch-Recipient-Type-Details', 'msExchRecipientTypeDetails', 50855, '2.5.5.16', '65'), ('ms-Exch-Resource-Capacity', 'msExchResourceCapacity', 50807, '2.5.5.9', '2'))


def exchange_attributes():
    """What tells rooms and equipment from people in a forest that has Exchange. A process knows the schema it began with, so the class is another's work."""
    for cn, name, oid, syntax, om in EXCHANGE:
        sam.add({'dn': 'CN=%s,%s' % (cn, sam.get_schema_basedn()), 'objectClass': 'attributeSchema', 'attributeID': '1.2.840.113556.1.4.7000.102.%d' % oid,
                 'lDAPDisplayName': name, 'attributeSyntax': syntax, 'oMSyntax': om, 'isSingleValued': 'TRUE', 'searchFlags': '1'})


def exchange_class():
    message = ldb.Message(ldb.Dn(sam, 'CN=User,%s' % sam.get_schema_basedn()))
    message['mayContain'] = ldb.MessageElement([name for _, name, _, _, _ in EXCHANGE], ldb.FLAG_MOD_ADD, 'mayContain')
    sam.modify(message)


def user(name, unit='CN=Users', first=None, last='Example'):
    sam.newuser(name, name + 'pw', useusernameascn=True, givenname=first or name.capitalize(), surname=last, mailaddress=name + '@ad.example.test', userou=unit)


def room(name):
    user(name, 'OU=Rooms', name.capitalize(), 'Room')
    change(dn_of(name), userAccountControl='514')


def many(group, count):
    """Users bulk0001 and on, straight into a group; without passwords, which take longest."""
    sam.newgroup(group)
    target = dn_of(group)
    message = ldb.Message(ldb.Dn(sam, target))
    members = []
    for number in range(1, int(count) + 1):
        name = 'bulk%04d' % number
        dn = 'CN=%s,OU=Staff,%s' % (name, base)
        sam.add({'dn': dn, 'objectClass': 'user', 'sAMAccountName': name, 'mail': name + '@ad.example.test', 'givenName': 'Bulk', 'sn': 'Number%04d' % number})
        members.append(dn)
    message['member'] = ldb.MessageElement(members, ldb.FLAG_MOD_ADD, 'member')
    sam.modify(message)


def service(account, *names):
    """24: AES only; without it the account gets RC4 keys."""
    change(dn_of(account), msDS_SupportedEncryptionTypes='24', servicePrincipalName=list(names))
    # The keys come out of the database, so they must be in it.
    sam.transaction_commit()
    sam.transaction_start()
    from samba.net import Net
    import samba.dckeytab  # adds Net.export_keytab
    for name in names:
        Net(None, parameters).export_keytab(keytab=folder + '/http.keytab', principal=name)


def dns(zone, name, records):
    """Replaces what DNS says of a name of the domain, or of its `_msdcs`."""
    from samba.ndr import ndr_pack
    dn = ldb.Dn(sam, 'DC=%s,DC=%s,CN=MicrosoftDNS,DC=%s,%s' % (name, zone, 'ForestDnsZones' if zone.startswith('_msdcs.') else 'DomainDnsZones', base))
    if sam.search(base=dn.parent(), scope=ldb.SCOPE_ONELEVEL, expression='(name=%s)' % name):
        sam.delete(dn)
    if records:
        sam.add({'dn': dn, 'objectClass': ['top', 'dnsNode'], 'dnsRecord': [ndr_pack(record) for record in records]})


def srv(name, *records):
    """`name` below `_msdcs`; records `priority:weight:port:target`, targets without the domain, or with a dot behind them."""
    from samba.provision.sambadns import SRVRecord
    split = [record.split(':') for record in records]
    dns('_msdcs.' + DOMAIN, name, [SRVRecord(target[:-1] if target.endswith('.') else '%s.%s' % (target, DOMAIN), int(port), priority=int(priority), weight=int(weight)) for priority, weight, port, target in split])


def address(name, *ips):
    from samba.provision.sambadns import ARecord
    dns(DOMAIN, name, [ARecord(ip) for ip in ips])


def rename(name, cn):
    """`cn`: percent-encoded, so that it may hold anything."""
    from urllib.parse import unquote
    old = ldb.Dn(sam, dn_of(name))
    new = ldb.Dn(sam, 'CN=x')
    new.set_component(0, 'CN', unquote(cn))
    new.add_base(old.parent())
    sam.rename(old, new)


def stranger(group, sid):
    """A member from a domain that is trusted: a shadow of it lies in this one."""
    message = ldb.Message(ldb.Dn(sam, dn_of(group)))
    message['member'] = ldb.MessageElement(['<SID=%s>' % sid], ldb.FLAG_MOD_ADD, 'member')
    sam.modify(message)


ACTIONS = {
    'rename': rename, 'stranger': stranger,
    'basics': basics, 'exchange-attributes': exchange_attributes, 'exchange-class': exchange_class, 'user': user, 'room': room, 'many': many, 'service': service,
    'srv': srv, 'address': address,
    'delete': lambda name: sam.deleteuser(name),
    'group': lambda name: sam.newgroup(name, mailaddress=name + '@ad.example.test'),
    'member': lambda group, *members: sam.add_remove_group_members(group, list(members)),
    'unmember': lambda group, *members: sam.add_remove_group_members(group, list(members), add_members_operation=False),
    'disable': lambda name: change(dn_of(name), userAccountControl='514'),
    'enable': lambda name: change(dn_of(name), userAccountControl='512'),
    'set': lambda name, attribute, *values: change(dn_of(name), **{attribute.replace('-', '_'): list(values)}),
    'password': lambda name, password: sam.setpassword('(sAMAccountName=%s)' % name, password),
}

sam.transaction_start()
for line in sys.stdin:
    words = line.split()
    if words:
        ACTIONS[words[0]](*words[1:])
sam.transaction_commit()
