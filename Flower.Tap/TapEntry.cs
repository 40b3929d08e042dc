// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;
using Flower.Inspection;
using Flower.Protocol;
using Flower.Protocol.V1;

namespace Flower.Tap;

/// <summary>A connection that is tapped, as it is written down. Its labels are what others say: they are printed safely.</summary>
internal sealed class TapEntry
{
    private readonly string _client;
    private readonly string _target;
    private readonly string _clientLabels;
    private readonly string _targetLabels;
    private readonly string _kind;

    /// <summary>For a connection that begins now.</summary>
    public TapEntry(Client.TappedConnection connection)
        : this(
            connection.Id,
            connection.Kind,
            connection.ClientLabels.ToString(),
            connection.TargetLabels.ToString(),
            connection.TargetLabels["server_port"] ?? connection.ClientLabels["server_port"])
    {
        _client = Who(connection.Client);
        _target = Who(connection.Target);
    }

    /// <summary>For one whose processes are not known.</summary>
    internal TapEntry(ulong id, ConnectionKind kind, string clientLabels, string targetLabels, string? port)
    {
        Id = id;
        _kind = ConnectionKinds.NameOf(kind);
        _client = "?";
        _target = "?";
        _clientLabels = LabelRules.Printable(clientLabels);
        _targetLabels = LabelRules.Printable(targetLabels);
        Frames = new(id, port);
    }

    /// <summary>Its id, which both sides see as the label flower.connection_id.</summary>
    public ulong Id { get; }

    /// <summary>When it began.</summary>
    public DateTime Since { get; } = DateTime.UtcNow;

    /// <summary>The packets that it is made of in a capture.</summary>
    public TcpFrames Frames { get; }

    /// <summary>The one line about it.</summary>
    public string Line => $"{_kind} {_client} -> {_target}  {_clientLabels} -> {_targetLabels}";

    /// <summary>The comment of its first packet.</summary>
    public string Comment => $"flower connection {Id.ToString(CultureInfo.InvariantCulture)} ({_kind})\n"
        + $"client: {_client}: {_clientLabels}\ntarget: {_target}: {_targetLabels}";

    private static string Who(Client.ProcessInfo process) => LabelRules.Printable(
        $"pid {process.Id} uid {process.UserId}{(ProcessName.Of(process.Id) is { } name ? $" ({name})" : "")}");
}
