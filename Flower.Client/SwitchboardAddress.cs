// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;
using Grpc.Core;

namespace Flower.Client;

/// <summary>
/// Where a handle is found: the path of a switchboard's socket, or the number of a descriptor that this process
/// inherited. Immutable; nothing is opened.
/// </summary>
public sealed record SwitchboardAddress
{
    /// <summary>The environment variable that names the switchboard.</summary>
    public const string Variable = "FLOWER_SWITCHBOARD";

    /// <summary>Where the system's switchboard listens.</summary>
    public const string SystemPath = "/run/flower/switchboard.sock";

    private SwitchboardAddress(string? path, int descriptor)
    {
        Path = path;
        Descriptor = descriptor;
    }

    /// <summary>The path of the socket, or null for an inherited descriptor.</summary>
    public string? Path { get; }

    /// <summary>The number of the inherited descriptor; -1 for a path.</summary>
    public int Descriptor { get; }

    /// <summary>
    /// The address that is used when none is given: that in <c>FLOWER_SWITCHBOARD</c>, and else the system's socket
    /// for root, <c>$XDG_RUNTIME_DIR/flower/switchboard.sock</c> for other users that have such a directory.
    /// </summary>
    /// <exception cref="FlowerException">The environment variable is no address.</exception>
    public static SwitchboardAddress Default
    {
        get
        {
            if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } address)
            {
                return Parse(address);
            }

            string? runtime = Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR");
            return new(
                Environment.IsPrivilegedProcess || string.IsNullOrEmpty(runtime)
                    ? SystemPath
                    : System.IO.Path.Combine(runtime, "flower/switchboard.sock"),
                -1);
        }
    }

    /// <summary>Reads <c>unix:/path</c>, an absolute path, or <c>fd:3</c>.</summary>
    /// <exception cref="FlowerException">It is none of these (<see cref="StatusCode.InvalidArgument"/>).</exception>
    public static SwitchboardAddress Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.StartsWith("fd:", StringComparison.Ordinal)
            && int.TryParse(text.AsSpan(3), NumberStyles.None, CultureInfo.InvariantCulture, out int descriptor))
        {
            return new(null, descriptor);
        }

        string path = text.StartsWith("unix:", StringComparison.Ordinal) ? text[5..] : text;
        return path.StartsWith('/') && !path.Contains('\0', StringComparison.Ordinal)
            ? new(path, -1)
            : throw new FlowerException(
                StatusCode.InvalidArgument,
                $"'{Protocol.LabelRules.Printable(text)}' is not a switchboard's address: write unix:/path, /path or fd:N");
    }

    /// <summary>The given address, or <see cref="Default"/> if it is null or empty.</summary>
    /// <exception cref="FlowerException">It is no address.</exception>
    public static SwitchboardAddress Resolve(string? text) => string.IsNullOrEmpty(text) ? Default : Parse(text);

    /// <summary>The address as <see cref="Parse"/> reads it.</summary>
    public override string ToString() =>
        Path is null ? string.Create(CultureInfo.InvariantCulture, $"fd:{Descriptor}") : "unix:" + Path;
}
