// SPDX-License-Identifier: BSD-2-Clause
using System.Net;

namespace Flower.Switchboard.Telemetry;

/// <summary>Where metrics are served: a port on a loopback address, or the path of a Unix socket. One of them is set.</summary>
/// <param name="Endpoint">The address and port.</param>
/// <param name="Path">The path; absolute.</param>
public sealed record MetricsAddress(IPEndPoint? Endpoint, string? Path)
{
    private const string UnixPrefix = "unix:";

    /// <summary>Reads <c>ADDRESS:PORT</c> or <c>unix:PATH</c>.</summary>
    /// <exception cref="FormatException">It is neither, or the address is not a loopback one: the message says so.</exception>
    public static MetricsAddress Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.StartsWith(UnixPrefix, StringComparison.Ordinal) && text.Length > UnixPrefix.Length)
        {
            return new(null, System.IO.Path.GetFullPath(text[UnixPrefix.Length..]));
        }

        if (!IPEndPoint.TryParse(text, out IPEndPoint? endpoint) || endpoint.Port == 0)
        {
            throw new FormatException($"'{text}' is no place for metrics: write 127.0.0.1:9464, [::1]:9464 or unix:PATH");
        }

        // Anybody who reaches it may read it.
        return IPAddress.IsLoopback(endpoint.Address)
            ? new(endpoint, null)
            : throw new FormatException(
                $"metrics are served on a loopback address or a Unix socket only, and {endpoint.Address} is neither");
    }

    /// <inheritdoc/>
    public override string ToString() => Endpoint?.ToString() ?? UnixPrefix + Path;
}
