// SPDX-License-Identifier: BSD-2-Clause
using System.Net;

namespace Flower.ProxyProtocol;

/// <summary>What a proxy says about the connection that it made (haproxy.org, "The PROXY protocol").</summary>
/// <param name="IsLocal">
/// The proxy speaks for itself, for example to see whether the server lives: the connection's own addresses hold.
/// </param>
/// <param name="Source">Who came to the proxy. Null: not said (LOCAL, UNKNOWN, AF_UNSPEC or AF_UNIX).</param>
/// <param name="Destination">Where to. Null exactly when <paramref name="Source"/> is; of the same family.</param>
/// <param name="Tlvs">What else it says, in order; none in version 1.</param>
public sealed record ProxyHeader(
    bool IsLocal, IPEndPoint? Source, IPEndPoint? Destination, IReadOnlyList<ProxyTlv> Tlvs)
{
    /// <summary>The value of the first of this type, or null.</summary>
    public ReadOnlyMemory<byte>? this[byte type]
    {
        get
        {
            foreach (ProxyTlv tlv in Tlvs)
            {
                if (tlv.Type == type)
                {
                    return tlv.Value;
                }
            }

            return null;
        }
    }
}
