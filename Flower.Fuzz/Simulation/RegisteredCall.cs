// SPDX-License-Identifier: BSD-2-Clause
using Grpc.Core;

namespace Flower.Fuzz.Simulation;

/// <summary>What is registered for as long as it lasts, and listed.</summary>
/// <param name="peer">Whose it is.</param>
/// <param name="method">Of the service.</param>
/// <param name="tag">By which it is told apart from all others, in most cases.</param>
internal abstract class RegisteredCall(Peer peer, string method, string tag) : StreamCall(peer, method)
{
    /// <summary>The key of the label that no two have in common.</summary>
    public const string Tag = "tag";

    /// <summary>The key of the label that a server has beside the labels of who starts it.</summary>
    public const string Sub = "sub";

    public string TagValue { get; } = tag;

    /// <summary>What tells it apart, from its labels.</summary>
    public static string TagOf(Func<string, string?> label) =>
        label(Sub) is string sub ? $"{label(Tag)}.{sub}" : label(Tag) ?? "";

    public override void OnDeath()
    {
        base.OnDeath();
        World.OnGone(this);
    }

    protected override void OnEnd(StatusCode code, string message)
    {
        base.OnEnd(code, message);
        World.OnGone(this);
    }
}
