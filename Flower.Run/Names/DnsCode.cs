// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Run.Names;

/// <summary>How an answer ends: RFC 1035 §4.1.1, RFC 6891 §9.</summary>
internal enum DnsCode
{
    /// <summary>NOERROR; without a record also: the name has none of this type (NODATA).</summary>
    NoError = 0,

    /// <summary>FORMERR: the message is malformed.</summary>
    FormatError = 1,

    /// <summary>SERVFAIL: not now.</summary>
    ServerFailure = 2,

    /// <summary>NXDOMAIN: there is no such name, whatever the type.</summary>
    NoSuchName = 3,

    /// <summary>NOTIMP: another operation than to ask.</summary>
    NotImplemented = 4,

    /// <summary>REFUSED: another class than that of the Internet.</summary>
    Refused = 5,

    /// <summary>BADVERS: a version of EDNS that is not known; its high bits stand in the OPT record.</summary>
    BadVersion = 16,
}
