// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol;
using Flower.Protocol.V1;

namespace Flower.Client;

/// <summary>One live handle, as <see cref="Handle.HandlesAsync"/> saw it.</summary>
public sealed class HandleInfo
{
    internal HandleInfo(LiveHandle handle)
    {
        Id = handle.Id;
        Parent = handle.Parent == 0 ? null : handle.Parent;
        Rights = [.. handle.Rights];
        InLabels = LabelSet.FromMessage(handle.InLabels);
        OutLabels = LabelSet.FromMessage(handle.OutLabels);
        Maker = ProcessInfo.From(handle.Maker);
        Sessions = (int)handle.Sessions;
        Owners = [.. handle.Owners.Select(ProcessInfo.From)];
        Targets = (int)handle.Targets;
        Connections = (int)handle.Connections;
        Age = TimeSpan.FromMilliseconds(handle.AgeMs);
    }

    /// <summary>For <see cref="Handle.RevokeAsync"/>.</summary>
    public ulong Id { get; }

    /// <summary>The handle that it was made from; null: it is that of a session by a path.</summary>
    public ulong? Parent { get; }

    /// <summary>Its rights.</summary>
    public IReadOnlyList<Right> Rights { get; }

    /// <summary>All its in-labels.</summary>
    public LabelSet InLabels { get; }

    /// <summary>All its out-labels.</summary>
    public LabelSet OutLabels { get; }

    /// <summary>Who made it: the caller of Constrain, or who opened the path.</summary>
    public ProcessInfo Maker { get; }

    /// <summary>How many sessions are open over it.</summary>
    public int Sessions { get; }

    /// <summary>Whose they are: at most 16, each process once.</summary>
    public IReadOnlyList<ProcessInfo> Owners { get; }

    /// <summary>How many targets are registered over it.</summary>
    public int Targets { get; }

    /// <summary>How many revocable connections were requested over it.</summary>
    public int Connections { get; }

    /// <summary>How long it has been there.</summary>
    public TimeSpan Age { get; }
}
