// SPDX-License-Identifier: BSD-2-Clause
using Flower.Switchboard.Hosting.Configuration;
using Flower.Switchboard.Telemetry;

namespace Flower.Switchboard.Hosting;

/// <summary>What an operator decides about a switchboard.</summary>
public sealed class SwitchboardOptions
{
    /// <summary>The path of the handle door. Required.</summary>
    public required string Listen { get; init; }

    /// <summary>The path of the gRPC door. Required.</summary>
    public required string Admin { get; init; }

    /// <summary>The path of the control socket, over which another switchboard takes over. Required.</summary>
    public required string Control { get; init; }

    /// <summary>
    /// Take over from the switchboard that runs at these paths, with all its sessions; where none runs, start. Default:
    /// false.
    /// </summary>
    public bool Replace { get; init; }

    /// <summary>
    /// Keep sessions in the service manager's descriptor store, as NOTIFY_SOCKET says, and begin with those that it
    /// kept, as LISTEN_FDS says. Default: false.
    /// </summary>
    public bool KeepSessions { get; init; }

    /// <summary>
    /// Who may do what. Default: root and the user of this process have all rights, and nobody else has any; no file is
    /// read, also not at a reload.
    /// </summary>
    public SwitchboardConfiguration Configuration { get; init; } = SwitchboardConfiguration.OwnerOnly();

    /// <summary>
    /// The file to which all that happens is added, a line of JSON each; it is made with mode 0640. Default: null, none.
    /// </summary>
    public string? Audit { get; init; }

    /// <summary>Where metrics are served for Prometheus. Default: null, nowhere.</summary>
    public MetricsAddress? Metrics { get; init; }

    /// <summary>Where metrics and traces are sent by OTLP over gRPC, such as http://127.0.0.1:4317. Default: null, nowhere.</summary>
    public Uri? Otlp { get; init; }

    /// <summary>The mode of both doors; default null: <see cref="SwitchboardConfiguration.DefaultMode"/>.</summary>
    public UnixFileMode? Mode { get; init; }

    internal UnixFileMode DoorMode => Mode ?? Configuration.DefaultMode;

    /// <summary>How long a target may take to answer a connection; default 5 seconds.</summary>
    public TimeSpan AcceptDeadline { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a resolver may take to answer a question; default 5 seconds.</summary>
    public TimeSpan QuestionDeadline { get; init; } = TimeSpan.FromSeconds(5);
}
