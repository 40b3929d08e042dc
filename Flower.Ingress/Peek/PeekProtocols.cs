// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Ingress.Peek;

/// <summary>In what an ingress looks for labels.</summary>
[Flags]
internal enum PeekProtocols
{
    None = 0,

    /// <summary>A ClientHello: tls_server_name and tls_alpn.</summary>
    Tls = 1,

    /// <summary>An HTTP/1 request: http_host.</summary>
    Http = 2,
}
