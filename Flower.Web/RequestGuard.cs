// SPDX-License-Identifier: BSD-2-Clause
using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Flower.Web;

/// <summary>
/// Who is let in. A page of another site may send requests here, and by a name of its own that leads to this address (DNS
/// rebinding) even read the answers: so the Host must be this address, an Origin must be this page's own, and what tells of the
/// board needs the token, which no other page knows. For any thread.
/// </summary>
/// <param name="names">Names by which this server is reached besides its addresses, such as that of a proxy.</param>
internal sealed class RequestGuard(IReadOnlyCollection<string> names)
{
    private const string Scheme = "Bearer ";
    private const int TokenBytes = 32;

    private readonly byte[] _token = Encoding.ASCII.GetBytes(
        Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(TokenBytes)));

    /// <summary>What is in the URL that is printed.</summary>
    public string Token => Encoding.ASCII.GetString(_token);

    /// <summary>Why a request is refused, whatever it asks for; null: it is not.</summary>
    public (int Status, string Why)? Refuse(HttpContext context)
    {
        HttpRequest request = context.Request;
        if (!IsOwn(request.Host, context.Connection))
        {
            return (StatusCodes.Status421MisdirectedRequest,
                "the Host is not the address that flower web listens on: open the URL that it has printed, or see --host");
        }

        if (request.Headers.Origin.Count > 0 && !IsOwnOrigin(request))
        {
            return (StatusCodes.Status403Forbidden, "the Origin is another page's");
        }

        return null;
    }

    /// <summary>The same, of what tells of the board.</summary>
    public (int Status, string Why)? RefuseData(HttpRequest request)
    {
        // Browsers say so themselves: Fetch Metadata Request Headers, W3C.
        string site = request.Headers["Sec-Fetch-Site"].ToString();
        if (site is not ("" or "same-origin"))
        {
            return (StatusCodes.Status403Forbidden, "another page asks");
        }

        return HasToken(request)
            ? null
            : (StatusCodes.Status401Unauthorized, "the token is missing or wrong: open the URL that flower web has printed");
    }

    private bool HasToken(HttpRequest request)
    {
        string given = request.Headers.Authorization.ToString();
        return given.StartsWith(Scheme, StringComparison.Ordinal)
            && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(given[Scheme.Length..]), _token);
    }

    // Whoever is asked by an address is not asked by a name that leads there.
    private bool IsOwn(HostString host, ConnectionInfo connection)
    {
        if (names.Contains(host.Host, StringComparer.OrdinalIgnoreCase))
        {
            return true;
        }

        const int defaultPort = 80;
        if ((host.Port ?? defaultPort) != connection.LocalPort || connection.LocalIpAddress is not { } local)
        {
            return false;
        }

        local = local.IsIPv4MappedToIPv6 ? local.MapToIPv4() : local;
        return string.Equals(host.Host, "localhost", StringComparison.OrdinalIgnoreCase)
            ? IPAddress.IsLoopback(local)
            : IPAddress.TryParse(host.Host.Trim('[', ']'), out IPAddress? address) && address.Equals(local);
    }

    private bool IsOwnOrigin(HttpRequest request)
    {
        string origin = request.Headers.Origin.ToString();
        return string.Equals(origin, $"http://{request.Host.Value}", StringComparison.OrdinalIgnoreCase)
            || (names.Contains(request.Host.Host, StringComparer.OrdinalIgnoreCase)
                && string.Equals(origin, $"https://{request.Host.Value}", StringComparison.OrdinalIgnoreCase));
    }
}
